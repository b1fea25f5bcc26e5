"""Recorded drives: pictures of a car's camera and the driver's angles; readers, random changes, and a drawn road."""
