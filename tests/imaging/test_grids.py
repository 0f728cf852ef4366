import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont

from dropstudy.config.description import describe_experiment
from dropstudy.config.experiment import Experiment
from dropstudy.imaging.arrays import Bytes, Floats, to_bytes
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.evaluation import EvaluationImage
from dropstudy.imaging.grids import GridHeader, draw_grid
from dropstudy.imaging.sheets import MARGIN
from dropstudy.imaging.windows import most_detailed_window
from tests.imaging.examples import KINDS, flat_image, make_task, random_image

HEADER = GridHeader("unet-20260101-abcdef · epoch 3", "pixelate, block 4 · unet", "cubic")
COLOURS = {"degraded": (255, 0, 0), "baseline": (0, 255, 0), "restored": (0, 0, 255)}
CLEAN = (255, 0, 255)


def _image(
    clean: Floats,
    *,
    name: str = "a",
    degraded: Floats | None = None,
    baseline: Floats | None = None,
) -> EvaluationImage:
    return EvaluationImage(
        name,
        clean,
        clean * np.float32(0.5) if degraded is None else degraded,
        clean * np.float32(0.75) if baseline is None else baseline,
    )


def _draw(*pairs: tuple[EvaluationImage, Floats], window: int, **header: str) -> Image.Image:
    images, restored = [image for image, _ in pairs], [output for _, output in pairs]
    words = GridHeader(**{**vars(HEADER), **header})
    return draw_grid(images, restored, header=words, window=window)


@dataclass(frozen=True)
class _Cells:
    """Where the first row's five cells lie, found by drawing each in a colour of its own."""

    top: int
    left: list[int]
    side: int

    @classmethod
    def find(cls, window: int) -> "_Cells":
        def paint(colour: tuple[int, ...]) -> Floats:
            return np.tile(np.array(colour, np.float32) / np.float32(255), (window, window, 1))

        image = _image(
            paint(CLEAN), degraded=paint(COLOURS["degraded"]), baseline=paint(COLOURS["baseline"])
        )
        page = np.asarray(_draw((image, paint(COLOURS["restored"])), window=window))
        boxes = []
        for colour in (*COLOURS.values(), CLEAN):
            rows, columns = np.nonzero((page == colour).all(axis=-1))
            boxes.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
            assert len(rows) == (boxes[-1][2] - boxes[-1][0]) * (boxes[-1][3] - boxes[-1][1])
        (top,), (bottom,) = ({int(box[edge]) for box in boxes} for edge in (0, 2))
        left = [int(box[1]) for box in boxes]
        assert {int(box[3]) - int(box[1]) for box in boxes} == {bottom - top}
        return cls(top, [*left, 2 * left[-1] - left[-2]], bottom - top)

    def cut(self, page: Image.Image, column: int) -> NDArray[Any]:
        left = self.left[column]
        return np.asarray(page.crop((left, self.top, left + self.side, self.top + self.side)))


def _enlarge(pixels: Floats) -> Bytes:
    return to_bytes(pixels).repeat(10, axis=0).repeat(10, axis=1)


def _textured() -> Floats:
    """Flat, but for a square of noise."""
    image = flat_image(0.5, 96).copy()
    image[40:64, 56:80] = random_image(24, 24)
    return image


@pytest.mark.parametrize(("window", "side"), [(24, 240), (60, 240), (100, 200), (300, 300)])
def test_cells_are_square_of_a_whole_multiple_of_the_window_near_240(
    window: int, side: int
) -> None:
    cells = _Cells.find(window)
    assert cells.side == side
    assert len({second - first for first, second in itertools.pairwise(cells.left)}) == 1


def test_a_grid_has_a_row_for_each_image() -> None:
    image = _image(random_image(24, 24))
    sizes = [_draw(*[(image, image.clean)] * rows, window=24).size for rows in (1, 2, 3)]
    assert len({width for width, _ in sizes}) == 1
    heights = [height for _, height in sizes]
    assert heights[2] - heights[1] == heights[1] - heights[0] > 240


def test_each_cell_shows_its_own_pixels_of_the_most_detailed_window() -> None:
    clean = _textured()
    image, restored = _image(clean), clean * np.float32(0.9)
    page, cells = _draw((image, restored), window=24), _Cells.find(24)
    window = most_detailed_window(clean, 24)
    for column, pixels in enumerate((image.degraded, image.baseline, restored, clean)):
        assert np.array_equal(cells.cut(page, column), _enlarge(pixels[window]))


def test_the_same_window_is_shown_whatever_was_restored() -> None:
    image, cells = _image(_textured()), _Cells.find(24)
    pages = [_draw((image, output), window=24) for output in (image.clean, random_image(96, 96))]
    for column in (0, 1, 3):
        first, second = (cells.cut(page, column) for page in pages)
        assert np.array_equal(first, second)


def test_the_error_is_dark_where_there_is_none_and_bright_from_32_levels_on() -> None:
    clean = flat_image(0.2, 24)
    restored = clean.copy()
    for start, levels in ((6, 31), (12, 32), (18, 200)):
        restored[:, start : start + 6] += levels / 255
    error = _Cells.find(24).cut(_draw((_image(clean), restored), window=24), 4)
    none, below, ceiling, above = (error[0, column].astype(int) for column in (0, 60, 120, 180))
    assert none.max() < 10
    assert none.sum() + 300 < below.sum() < ceiling.sum()
    assert np.array_equal(ceiling, above)


def test_grey_images_are_shown_in_grey() -> None:
    image = _image(random_image(24, 24, 1))
    page = _draw((image, image.clean), window=24)
    assert page.mode == "RGB"
    expected = np.broadcast_to(_enlarge(image.clean), (240, 240, 3))
    assert np.array_equal(_Cells.find(24).cut(page, 3), expected)


@pytest.mark.parametrize("side", [8, 16, 64])
def test_windows_of_any_size_can_be_drawn(side: int) -> None:
    """A config may ask for 8 pixels, and an image may be smaller than what it asks for."""
    image = _image(random_image(16, 24))
    page = _draw((image, image.degraded), window=side)
    assert page.width > 1000


def test_the_most_detailed_window_is_where_the_texture_is() -> None:
    rows, columns = most_detailed_window(_textured(), 24)
    assert rows.stop - rows.start == columns.stop - columns.start == 24
    assert abs(rows.start - 40) <= 1
    assert abs(columns.start - 56) <= 1


@pytest.mark.parametrize(("shape", "side"), [((16, 24), 100), ((24, 16), 16), ((16, 16), 16)])
def test_a_window_is_no_larger_than_its_image(shape: tuple[int, int], side: int) -> None:
    rows, columns = most_detailed_window(random_image(*shape), side)
    assert rows.stop - rows.start == columns.stop - columns.start == 16
    assert (rows.stop, columns.stop) <= shape


def _longest_experiment() -> Experiment:
    rates = {"kind": "spatial", "rate": [0.125] * 6}
    steps = [
        {"kind": "blur", "sigma": [0.5, 2.5]},
        {"kind": "grain", "sigma": [5.0, 25.0], "size": 1.5},
        {"kind": "salt_pepper", "amount": [0.01, 0.1]},
        {"kind": "jpeg", "quality": [10, 50]},
    ]
    return Experiment.model_validate(
        {
            "name": "a" * 64,
            "data": {"kind": "photos"},
            "task": {"kind": "compose", "steps": steps},
            "architecture": {"kind": "unet", "depth": 6, "residual": True},
            "dropout": {"encoder": rates, "decoder": rates, "skip": rates},
        }
    )


LONG = {
    "title": f"{'a' * 64}-20260101-abcdef · best epoch, 1000",
    "subtitle": describe_experiment(_longest_experiment()),
    "baseline": describe_baseline(_longest_experiment().task),
}


@pytest.mark.parametrize("words", ["none", *LONG])
def test_long_words_at_the_top_stay_on_the_page_and_in_their_column(words: str) -> None:
    image, cells = _image(random_image(24, 24)), _Cells.find(24)
    header = {words: LONG[words]} if words in LONG else {}
    page = np.asarray(_draw((image, image.clean), window=24, **header).convert("L"))
    assert (page[:, -MARGIN:] == 255).all()
    between = page[cells.top - 30 :, cells.left[1] + cells.side : cells.left[2]]
    assert (between[: cells.side] == 255).all()


def test_a_long_picture_name_stays_in_its_column() -> None:
    name = "holiday/summer-2019/" + "IMG_" * 10 + ".jpg"
    image, cells = _image(random_image(24, 24), name=name), _Cells.find(24)
    page = np.asarray(_draw((image, image.clean), window=24).convert("L"))
    below = cells.top + cells.side
    assert (page[below : below + 26, cells.left[3] + cells.side : cells.left[4]] == 255).all()


def _drawn(character: str) -> tuple[tuple[int, int], bytes]:
    mask = ImageFont.load_default(15).getmask(character)
    return mask.size, bytes(mask)


def test_the_font_draws_a_box_for_a_character_it_lacks() -> None:
    assert _drawn("×") == _drawn("\uffff") != _drawn("x")


@pytest.mark.parametrize("kind", KINDS)
def test_the_font_has_every_character_that_describes_an_experiment(kind: str) -> None:
    experiment = _longest_experiment().model_copy(update={"task": make_task(kind)})
    text = describe_experiment(experiment) + describe_baseline(experiment.task) + LONG["title"]
    assert not [letter for letter in sorted(set(text)) if _drawn(letter) == _drawn("\uffff")]
