"""Shows that runs survive: kills them, goes on, and compares what they end with."""
