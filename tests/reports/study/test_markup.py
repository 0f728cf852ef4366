import pytest

from dropstudy.analysis.table import Table
from dropstudy.reports.study.markup import code, escape, items, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unet_dropout", "unet_dropout"),
        ("_all_ of it", r"\_all\_ of it"),
        ("a*b* `c` [d](e) <script> a|b $x$ ~~y~~ &amp; #1", None),
        ("- an item", r"\- an item"),
        ("-0.5 dB", "-0.5 dB"),
        ("1. first", r"1\. first"),
        ("1.5 dB", "1.5 dB"),
        ("> quoted", r"\> quoted"),
        ("--- | ---", r"\--- \| ---"),
        ("two\n\n# lines", r"two \# lines"),
        ("\u202egnp.exe\x1b[2J", r"\\u202egnp.exe\\u001b\[2J"),
    ],
)
def test_text_means_nothing_to_markdown(text: str, shown: str | None) -> None:
    if shown is None:
        for sign in "*`[]<|$~&#":
            assert sign not in escape(text).replace(f"\\{sign}", "")
    else:
        assert escape(text) == shown


def test_a_hostile_cell_leaves_a_table_its_columns() -> None:
    content = Table("x", ("a|b", "n"), (("c|d\n| e | f |", "1"), ("", "2")), remark="a|b")
    assert table(content).splitlines() == [
        r"| a\|b | n |",
        "| --- | ---: |",
        r"| c\|d \| e \| f \| | 1 |",
        "|  | 2 |",
        "",
        r"a\|b",
    ]


def test_a_fence_is_longer_than_those_within() -> None:
    assert code("a\n```\nb") == "````sh\na\n```\nb\n````"


def test_each_item_is_a_line() -> None:
    assert items(["a\nb", "* c"]) == "- a b\n- \\* c"
