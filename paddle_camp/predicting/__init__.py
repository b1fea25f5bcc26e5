"""What a run has trained, applied to pictures of one's own."""
