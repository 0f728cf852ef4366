"""The run directory: what a run leaves behind, and where each part lies."""
