"""A run: its options and settings, the assignments there are, its folder, what it leaves, and the runner."""
