"""What a training step costs: arms that take turns in one process."""
