"""Sweeps of independent trainings: sequential, in local processes, or on a Ray cluster; results are kept on disk."""
