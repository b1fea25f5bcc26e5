"""Runs of others, looked at from outside: one verified, many compared on a page. Their files are data, never code."""
