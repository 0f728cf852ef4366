"""dropstudy: find out what dropout does to an image-restoring network."""

__version__ = "0.1.0"
