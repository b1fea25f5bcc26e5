"""The kinds of pictures that a trained network may classify; named here for a command line that loads nothing else."""

PICTURE_KINDS = DIGITS, FUNDUS = ("digits", "fundus")
