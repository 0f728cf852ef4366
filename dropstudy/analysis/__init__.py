"""What runs say when they are compared: statistics, figures, reports; no Keras."""
