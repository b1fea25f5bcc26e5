"""Runs: the catalogue of assignments, options and settings, run folders, resumption, output files, the runner."""
