"""A trained network at work: whole images of any size, scored on any folder."""
