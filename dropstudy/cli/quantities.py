"""Quantities as people write them."""


def duration(seconds: float) -> str:
    """Seconds as people say them: ``2 h 5 min``, ``3 min 20 s``, ``5.4 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def file_size(size: int) -> str:
    """Bytes in powers of 1000: ``227 kB``."""
    number, units = float(size), ["bytes", "kB", "MB", "GB"]
    while number >= 999.5 and len(units) > 1:
        number, units = number / 1000, units[1:]
    return f"{number:.3g} {units[0]}" if units[0] != "bytes" else f"{size} bytes"
