"""German traffic signs: the reader of both forms that the set is found in, and the drawn signs that stand in for it."""
