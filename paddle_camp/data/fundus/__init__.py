"""iChallenge-PM: its readers, and the drawn pictures that stand in for it."""
