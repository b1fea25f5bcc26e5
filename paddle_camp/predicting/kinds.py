"""The kinds of pictures that a trained network classifies; a module of its own, so that the command line loads fast."""

# The readers whose pictures always have the same classes; those of "pictures" stand in model.json.
KINDS_WITH_CLASSES = ("digits", "fundus", "traffic-signs")
