"""Several processes that take one and the same step: collectives, synchronised batch norm."""
