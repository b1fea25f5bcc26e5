"""Networks of the zoo with weights that somebody trained on ImageNet: found, checked, loaded, with a new head."""
