import math
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dropstudy.analysis.arms import form_arms
from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.analysis.measures import MEASURES
from dropstudy.reports.drawing import STYLE_COUNT, Figure, style_of
from dropstudy.reports.figures import draw_curves
from dropstudy.reports.image_figures import MOST_ROWS, against_classical, draw_images
from dropstudy.reports.line_chart import Line, frame_of, mean_line
from dropstudy.reports.time_figure import draw_time
from tests.analysis.runs import SPATIAL, make_arm, make_image, make_run

COLOURS = r"none|currentColor|url\(#[\w-]+\)|var\(--(rule|faint|paper|band|series-[0-7])\)"


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two arms of two seeds, 4 epochs each."""
    folder = tmp_path_factory.mktemp("arms")
    plain = make_arm(folder, "plain", [26.0, 27.0], epochs=4)
    spatial = make_arm(folder, "spatial", [26.5, 27.5], dropout=SPATIAL, seconds=20.0, epochs=4)
    return compare([*plain, *spatial])


@pytest.fixture(scope="module")
def curves(arms: Comparison) -> dict[str, Figure]:
    return {figure.key: figure for figure in draw_curves(arms)}


def parse(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(figure.svg)  # noqa: S314  (it is our own)


def alternative(figure: Figure) -> str:
    return parse(figure).attrib["aria-label"]


def test_the_mean_line_goes_as_far_as_all_lines_do() -> None:
    mean = mean_line([Line([1, 2, 3], [10.0, 20.0, 30.0]), Line([3, 4], [20.0, 40.0])])
    assert mean == Line([2.0, 3.0], [15.0, 30.0])


@pytest.mark.parametrize(
    ("values", "lowest", "highest", "cut"),
    [
        ([20.0, 21.0, 22.0], 20.0, 22.0, False),
        ([5.0, *(25.0 + step / 10 for step in range(9))], 25.0, 25.8, True),
        ([1.0, 1.0, 1.0], 1.0, 1.0, False),
        ([math.nan, 2.0, 3.0], 2.0, 3.0, False),
    ],
    ids=["all", "a bad start", "flat", "not a number"],
)
def test_the_frame_holds_all_but_a_start_that_would_flatten_the_rest(
    values: list[float], lowest: float, highest: float, cut: bool
) -> None:
    low, high, is_cut = frame_of([Line(range(len(values)), values)])
    assert is_cut is cut
    room = 0.06 * (highest - lowest) or 0.05 * highest
    assert (low, high) == pytest.approx((lowest - room, highest + room))


def test_the_frame_always_holds_the_levels_that_are_drawn_across() -> None:
    low, high, _ = frame_of([Line([1, 2], [26.0, 26.1])], also=[22.0, 23.0])
    assert low < 22.0
    assert high > 26.1


def test_no_numbers_at_all_still_give_a_frame() -> None:
    low, high, cut = frame_of([Line([1], [math.nan])])
    assert low < high
    assert not cut


def test_each_curve_tells_in_words_where_every_arm_began_and_ended(
    curves: dict[str, Figure],
) -> None:
    assert alternative(curves["psnr"]) == (
        "Line chart, Validation PSNR, dB: plain from 23.50 dB to 26.50 dB; "
        "spatial from 24.00 dB to 27.00 dB; identity at 22.00 dB; cubic at 23.00 dB."
    )
    # An epoch of 10 s has ten steps; its first step is drawn nowhere in epoch 1.
    assert "plain from 9.00 s to 10.00 s; spatial from 18.00 s to 20.00 s" in alternative(
        curves["epoch-seconds"]
    )
    assert "took 6.5 s on average" in curves["epoch-seconds"].caption


def test_drawings_take_all_colours_from_the_page(
    arms: Comparison, curves: dict[str, Figure]
) -> None:
    for figure in [*curves.values(), draw_time(arms)]:
        for colour in re.findall(r"(?:fill|stroke): ([^;\"]+)", figure.svg):
            assert re.fullmatch(COLOURS, colour), f"{figure.key}: {colour}"
        assert "#0a0" not in figure.svg


def test_no_id_is_twice_on_the_page_and_each_reference_finds_its_own(
    arms: Comparison, curves: dict[str, Figure]
) -> None:
    text = "".join(figure.svg for figure in [*curves.values(), draw_time(arms)])
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) == set(ids)


def test_the_same_runs_give_the_same_drawings(arms: Comparison, curves: dict[str, Figure]) -> None:
    assert {figure.key: figure for figure in draw_curves(arms)} == curves
    assert draw_time(arms) == draw_time(arms)


def test_many_arms_are_told_apart_with_and_without_their_colour() -> None:
    styles = [style_of(place) for place in range(4 * STYLE_COUNT)]
    assert len({(repr(style.dash), style.marker) for style in styles}) == len(styles)
    assert len({(style.colour, style.marker) for style in styles}) == len(styles)


def test_a_marker_is_always_called_the_same() -> None:
    pairs = {(style_of(place).marker, style_of(place).shape) for place in range(64)}
    assert len(pairs) == len({marker for marker, _ in pairs}) == STYLE_COUNT


def test_signs_that_the_drawings_typeface_lacks_are_written_without_a_warning(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "plain-0", images=[make_image("木 \N{CAT}", 25.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gains = draw_images(compare([run]))[0]
    assert "木 \N{CAT}" in gains.svg


def test_one_learning_rate_of_all_runs_is_one_line_of_no_arm(
    tmp_path: Path, curves: dict[str, Figure]
) -> None:
    assert "the same in every run" in curves["learning-rate"].caption
    assert "--series-" not in curves["learning-rate"].svg
    run = make_run(tmp_path / "steady-0")
    rows = run.directory.epochs.read_text(encoding="utf-8")
    other = make_run(tmp_path / "slower-0", dropout=SPATIAL)
    other.directory.epochs.write_text(rows.replace("0.001", "0.0005"), encoding="utf-8")
    drawn = {figure.key: figure for figure in draw_curves(compare([run, other]))}
    assert "the same" not in drawn["learning-rate"].caption
    assert {"var(--series-0)", "var(--series-1)"} <= set(
        re.findall(r"var\([^)]+\)", drawn["learning-rate"].svg)
    )


def test_a_level_on_which_runs_disagree_is_not_drawn(tmp_path: Path) -> None:
    baselines = {"identity": {"val_psnr": 21.0}, "classical": {"val_psnr": 23.0}}
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "other-0", dropout=SPATIAL, result={"baselines": baselines}),
    ]
    psnr = draw_curves(compare(runs))[0]
    assert "identity" not in psnr.svg
    assert "cubic at 23.00 dB" in alternative(psnr)


def test_a_run_of_one_epoch_is_a_point(tmp_path: Path) -> None:
    for figure in draw_curves(compare([make_run(tmp_path / "short-0", psnrs=[24.0])])):
        drawn = parse(figure)
        assert drawn.findall(".//use"), figure.key


def test_bars_hold_the_seconds_of_a_whole_run(arms: Comparison) -> None:
    # 4 epochs of 10 s and the compiling of 5 s; the first step is a tenth of an epoch more.
    assert "plain: first step 6.0 s, training 39.0 s, validation 8.0 s, other 4.0 s" in alternative(
        draw_time(arms)
    )
    assert "plain · 57 s" in draw_time(arms).svg


def test_names_are_text_whatever_they_hold(tmp_path: Path) -> None:
    runs = []
    for name, dropout in (("plain", {}), ("spatial", SPATIAL)):
        images = [make_image("<b>&$x_1$</b>", 25.0 + len(name)), make_image("b", 26.0)]
        runs.append(make_run(tmp_path / f"{name}-0", dropout=dropout, images=images))
    gains = draw_images(compare(runs))[0]
    texts = [item.text for item in parse(gains).iter("text")]
    assert "<b>&$x_1$</b>" in texts


def test_gains_and_scatter_count_the_images_that_an_arm_restores_better(tmp_path: Path) -> None:
    scores = {"plain": (25.0, 26.0, 27.0), "spatial": (25.5, 26.5, 26.8)}
    runs = [
        make_run(
            tmp_path / f"{name}-0",
            dropout=SPATIAL if name == "spatial" else None,
            images=[
                make_image("a", first),
                make_image("b", second),
                make_image("c", third, part="test"),
            ],
        )
        for name, (first, second, third) in scores.items()
    ]
    gains, scatter = draw_images(compare(runs))
    assert "spatial above plain on 2 of 3 images" in alternative(gains)
    assert "2 lie above the diagonal" in alternative(scatter)
    assert "the mean gain is +0.27 dB" in alternative(scatter)
    assert "c (test)" in gains.svg


def test_an_arm_alone_is_held_against_the_classical_method(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / f"alone-{seed}", seed=seed, images=[make_image("a", 23.0 + seed)])
        for seed in (0, 1)
    ]
    (arm,) = form_arms(runs)
    (image,) = against_classical(arm, MEASURES["val_psnr"])
    assert (image.before, image.after, image.gain) == (22.0, 23.5, 1.5)
    assert "alone above cubic on 1 of 1 images" in alternative(draw_images(compare(runs))[0])


def test_of_very_many_images_the_worst_and_the_best_are_drawn(tmp_path: Path) -> None:
    count = MOST_ROWS + 10
    images = [make_image(f"i{number:02}", 20.0 + number) for number in range(count)]
    gains = draw_images(compare([make_run(tmp_path / "alone-0", images=images)]))[0]
    assert "The 10 images in the middle are left out." in gains.caption
    shown = set(re.findall(r">(i\d\d)<", gains.svg))
    assert shown == {f"i{number:02}" for number in [*range(15), *range(25, 40)]}


def test_runs_without_scores_of_images_have_no_drawing_of_them(tmp_path: Path) -> None:
    assert draw_images(compare([make_run(tmp_path / "alone-0")])) == []
