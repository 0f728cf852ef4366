"""Questions put to a trained network that its loss does not answer; a file for each."""
