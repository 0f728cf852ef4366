from hypothesis import given
from hypothesis import strategies as st

from dropstudy.cli.tables import Column, fit_columns, write_markdown, write_text

CELLS = st.lists(st.text("ab ", max_size=60), min_size=3, max_size=3)
COLUMNS = st.lists(
    st.builds(
        Column, st.text("xy", max_size=12), CELLS, is_text=st.booleans(), rank=st.integers(1, 9)
    ),
    max_size=8,
)
NAME = Column("run", ["one", "two", "three"], is_text=True)


@given(COLUMNS, st.integers(5, 200))
def test_what_is_shown_fits_and_nothing_is_lost_without_a_word(
    columns: list[Column], width: int
) -> None:
    shown, dropped = fit_columns([NAME, *columns], width)
    assert max(map(len, write_text(shown))) <= width
    assert len(shown) + len(dropped) == 1 + len(columns)
    assert shown[0].cells == NAME.cells


@given(COLUMNS)
def test_nothing_changes_where_there_is_room(columns: list[Column]) -> None:
    assert fit_columns([NAME, *columns], 1000) == ([NAME, *columns], [])


def test_equal_columns_go_first_then_those_easily_missed_before_any_is_shortened() -> None:
    long = Column("dropout", ["x" * 60, "y" * 60, "z"], is_text=True, rank=1)
    equal = Column("task", ["same"] * 3, is_text=True, rank=2)
    missed, kept = (
        Column(str(rank), [f"{number}.00" for number in range(3)], rank=rank) for rank in (8, 7)
    )
    columns = [NAME, long, equal, missed, kept]
    assert fit_columns(columns, 80)[1] == [equal]
    assert fit_columns(columns, 74)[1] == [equal, missed]
    shown, dropped = fit_columns(columns, 60)
    assert dropped == [equal, missed]
    assert list(shown[1].cells) == ["x" * 35 + "…", "y" * 35 + "…", "z"]
    assert fit_columns(columns, 44)[1] == [equal, missed, kept]


def test_short_headings_stand_in_where_they_save_a_column() -> None:
    columns = [NAME, Column("dropout.skip.rate", ["0.1", "0.2", "0.3"], short_heading="skip.rate")]
    assert [column.heading for column in fit_columns(columns, 24)[0]] == [
        "run",
        "dropout.skip.rate",
    ]
    assert [column.heading for column in fit_columns(columns, 20)[0]] == ["run", "skip.rate"]


def test_markdown_keeps_the_order_and_aligns_numbers_to_the_right() -> None:
    lines = write_markdown([Column("dB", ["1", "22", "3"]), NAME])
    assert lines[:3] == ["| dB | run |", "| ---: | --- |", "| 1 | one |"]
