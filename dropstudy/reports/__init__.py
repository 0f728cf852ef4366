"""What a comparison looks like: a page of pictures, and an HTML page with curves."""
