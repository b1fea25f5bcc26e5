"""Runs of others: read, verified, compared."""
