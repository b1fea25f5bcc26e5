"""What tools/benchmark.py measures and how: contenders in processes of their own, taking turns."""
