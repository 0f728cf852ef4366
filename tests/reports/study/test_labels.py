from itertools import combinations

import pytest

from dropstudy.reports.study.labels import LINE_HEIGHT, Box, Named, place_names

FRAME = Box(0, 0, 320, 200)


def named(*places: tuple[float, float]) -> list[Named]:
    return [Named(f"arm_number_{place:02}", x, y, None) for place, (x, y) in enumerate(places)]


def test_a_name_alone_stands_beside_its_point() -> None:
    (box,) = place_names(named((100, 100)), FRAME)
    assert (box.bottom + box.top) / 2 == 100
    assert 0 < box.left - 100 < LINE_HEIGHT


def test_a_name_at_the_right_edge_stands_left_of_its_point() -> None:
    (box,) = place_names(named((310, 100)), FRAME)
    assert FRAME.holds(box)
    assert box.right < 310


@pytest.mark.parametrize(
    "places",
    [
        [(150, 100)] * 6,
        [(150 + number, 90 + number) for number in range(8)],
        [(40 + 12 * number, 60 + 4 * number) for number in range(20)],
    ],
)
def test_names_lie_on_no_other_and_within_the_frame(places: list[tuple[float, float]]) -> None:
    boxes = place_names(named(*places), FRAME)
    assert len(boxes) == len(places)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
    assert all(map(FRAME.holds, boxes))


def test_a_name_stands_off_the_lines_of_others_where_there_is_room() -> None:
    points = [Named("one", 100, 100, (80, 120)), Named("two", 110, 60, (20, 180))]
    first, _ = place_names(points, FRAME)
    assert not first.meets(Box(109, 20, 111, 180))
