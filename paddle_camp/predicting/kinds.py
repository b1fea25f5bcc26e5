"""The kinds of pictures that a trained network classifies; a module of its own, so that the command line loads fast."""

PICTURE_KINDS = DIGITS, FUNDUS = ("digits", "fundus")
