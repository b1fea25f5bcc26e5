"""Data sets: found, downloaded, checked, decoded, cached, and cut into batches. Loads no Paddle."""
