"""Makes the bundled photographs from a folder of PNG sources.

The sources are the files that ATTRIBUTION.txt names, each reduced to a short side of
about 384 pixels where it was larger. They are stored as lossless WebP, so that every
pixel of a source is a pixel of the bundle; colour images as RGB, grey ones (``*_g.png``)
as three equal channels, since WebP knows no grey.

    python scripts/bundle_photographs.py SOURCES dropstudy/assets

``SOURCES`` holds ``photos/*.png``, ``photos/ATTRIBUTION.txt`` and ``tiny/*.png``.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

NOTE = """
Here: photos/ holds them as lossless WebP, pixel for pixel; tiny/ holds eight of
them reduced to 128x128 pixels, likewise. Files ending in _g are grey.

CC0 1.0: https://creativecommons.org/publicdomain/zero/1.0/
CC BY 2.0: https://creativecommons.org/licenses/by/2.0/
CC BY 4.0: https://creativecommons.org/licenses/by/4.0/

jxlflower is under this licence:

Copyright (c) the JPEG XL Project Authors.
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its
   contributors may be used to endorse or promote products derived from
   this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


def bundle(sources: Path, assets: Path) -> int:
    """Writes every photograph below ``assets`` and returns how many bytes they take."""
    total = 0
    for collection in ("photos", "tiny"):
        target = assets / collection
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted((sources / collection).glob("*.png")):
            with Image.open(source) as opened:
                image = opened.convert("RGB")
            path = target / f"{source.stem}.webp"
            image.save(path, lossless=True, quality=100, method=6)
            with Image.open(path) as saved:
                if not np.array_equal(np.asarray(saved.convert("RGB")), np.asarray(image)):
                    raise SystemExit(f"{path}: differs from {source}")
            total += path.stat().st_size
    attribution = (sources / "photos" / "ATTRIBUTION.txt").read_text(encoding="utf-8")
    (assets / "ATTRIBUTION.txt").write_text(attribution + NOTE, encoding="utf-8")
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("assets", type=Path)
    arguments = parser.parse_args()
    size = bundle(arguments.sources, arguments.assets)
    print(f"{size / 1e6:.1f} MB in {arguments.assets}")
