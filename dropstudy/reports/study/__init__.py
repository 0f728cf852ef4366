"""A whole study as a page, as figures, as Markdown."""
