"""The window of structural similarity, wherever it is taken: scores, losses, least sizes."""

SSIM_WINDOW = 11
"""Its side in pixels (Wang 2004)."""

SSIM_SIGMA = 1.5
"""The standard deviation, in pixels, of the Gaussian that it holds."""
