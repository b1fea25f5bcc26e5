"""Cats and dogs: the reader of every form that the set is found in, and the drawn pictures that stand in for it."""
