"""What holds for any network: its summary, its modes, its weights."""
