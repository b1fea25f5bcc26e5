"""Data-parallel training: collectives between the ranks, and batch norm over all of their shards."""
