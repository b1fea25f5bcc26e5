"""The command lines: running homework, and classifying pictures with what a run has trained."""
