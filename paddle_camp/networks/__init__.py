"""Functions for any network: layer summary, training and evaluation modes, weights files."""
