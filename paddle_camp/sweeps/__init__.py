"""Many independent trainings: in turn, side by side, or on a Ray cluster; each result kept."""
