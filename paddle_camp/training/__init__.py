"""The loop on one page, fit around it, losses, checkpoints, schedules, progress."""
