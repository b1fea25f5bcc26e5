"""Readers: where the data sets are found, and how they become arrays."""
