"""Fitting a network: device, batches, steps, evaluation, the loop and what it notes."""
