"""The parts of ``make bench``: what is measured, how it takes turns, the table of it."""
