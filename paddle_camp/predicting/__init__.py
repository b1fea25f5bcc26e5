"""Predictions of a run's trained networks for one's own pictures, messages and tables."""
