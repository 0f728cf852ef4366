"""Pixels: where images come from, how they are degraded, scored and shown."""
