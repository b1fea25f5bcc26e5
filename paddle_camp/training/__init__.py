"""The training loop, ``fit``, losses, checkpoints, learning-rate schedules, progress."""
