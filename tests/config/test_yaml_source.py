import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropstudy.config.yaml_source import MAX_BYTES, Document, parse_yaml, read_yaml
from dropstudy.errors import ConfigError
from tests.config.experiments import SHORT, write_config


def parse(text: str) -> Document:
    return parse_yaml(text, source="a.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("1.5e3", 1500.0),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("+12", 12),
        ("017", 17),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-.inf", -math.inf),
        # What YAML 1.1 or Python take for something else stays a word.
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-02", "2024-01-02"),
        ("1e", "1e"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_says(text: str, value: Any) -> None:
    read = parse(f"a: {text}").data["a"]
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read_as_a_number() -> None:
    assert math.isnan(parse("a: .NaN").data["a"])


def test_the_line_of_every_key_and_list_element_is_known() -> None:
    document = parse("\n# a comment\na:\n  b: [1,\n      2]\nc: 3\n")
    assert document.data == {"a": {"b": [1, 2]}, "c": 3}
    lines = {("a",): 3, ("a", "b"): 4, ("a", "b", 0): 4, ("a", "b", 1): 5, ("c",): 6}
    assert {path: document.line_of(path) for path in lines} == lines


def test_what_a_file_lacks_is_located_at_the_mapping_that_should_have_it() -> None:
    document = parse("a: 1\nb:\n  c: 2\n")
    assert document.line_of(("b", "d", "e")) == 2


def test_a_key_given_twice_is_a_problem_with_both_lines() -> None:
    document = parse("a: 1\nb: {x: 1, x: 2}\na: 3\n")
    assert [str(problem) for problem in document.problems] == [
        "a.yaml:2: b.x: given twice, first in line 2; keep one",
        "a.yaml:3: a: given twice, first in line 1; keep one",
    ]


def test_aliases_repeat_what_they_name() -> None:
    assert parse("a: &x {r: 0.1}\nb: *x\n").data == {"a": {"r": 0.1}, "b": {"r": 0.1}}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SHORT.replace("\n", "\r\n").encode())
    document = read_yaml(path)
    assert document.data["name"] == "short"
    assert document.line_of(("task",)) == 3


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a:\n\tb: 1\n", ":2", "not YAML: a tab where only spaces may stand; indent with spaces"),
        ("a: [1, 2\nb: 3\n", ":2", "not YAML: "),
        ("a: 1\n---\nb: 2\n", ":2", "not YAML: "),
        ("a: *nowhere\n", ":1", "undefined alias"),
        ("a: 1\nb: \x00\n", ":2", "not YAML: the sign U+0000 is not allowed"),
        ("a: 1\nb: \x1b[31m\n", ":2", "not YAML: the sign U+001B is not allowed"),
        ("a:\n " + "[" * 600 + "]" * 600, ":2", "nested more than 50 levels deep"),
        ("a: &a [*a]", ":1", "nested more than 50 levels deep"),
        ("a: !!python/name:os.system\n", ":1", "the tag !!python/name:os.system is not allowed"),
        ("a: !!python/object/apply:os.system [echo]\n", ":1", "the tag !!python/object/apply:os"),
        ("a: !!python/object:os.Popen {b: 1}\n", ":1", "the tag !!python/object:os.Popen is not"),
        ("a: 1\nb: !mine {b: 1}\n", ":2", "the tag !mine is not allowed"),
        ("a: !<str> b\n", ":1", "the tag str is not allowed"),
        ("!mine a: b\n", ":1", "the tag !mine is not allowed"),
        ("? [a, b]\n: 1\n", ":1", "a list or a mapping as a key; give a word"),
        ("a: !!int x\n", ":1", "this is no int"),
        ("a: !!float x\n", ":1", "this is no float"),
        ("a: !!bool x\n", ":1", "this is no bool"),
        ("a: !!timestamp 2026-01-01\n", ":1", "the tag !!timestamp is not allowed"),
        ("a: !!binary aGk=\n", ":1", "the tag !!binary is not allowed"),
        ("a: " + "1" * 101, ":1", "a number of 101 digits; give at most 100"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_where_it_stands(
    text: str, line: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"a.yaml{line}: ")
    assert message in str(caught.value)


def test_as_many_levels_and_digits_as_are_allowed_are_read() -> None:
    assert parse("a: " + "[" * 49 + "]" * 49).data["a"]
    assert parse("a: " + "9" * 100).data == {"a": 10**100 - 1}


def test_aliases_that_multiply_into_billions_are_refused() -> None:
    names = "abcdefghi"
    laughs = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(names)]
    with pytest.raises(ConfigError, match=r"a\.yaml:1: more than 20,000 values, what aliases rep"):
        parse("\n".join(["a: &a [ha, ha, ha]", *laughs]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#\nname: caf\xe9\n", ":2: byte 11 is not UTF-8; save the file as UTF-8"),
        ("name: x".encode("utf-16"), ":1: byte 0 is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), ": cannot read it: it has 1,000,001 bytes, more than 1,000,000"),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    file = write_config(tmp_path, SHORT)
    for path, reason in [
        (tmp_path / "none.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (file / "below.yaml", "Not a directory"),
    ]:
        with pytest.raises(ConfigError) as caught:
            read_yaml(path)
        assert str(caught.value) == f"{path}: cannot read it: {reason}"


@settings(max_examples=500)
@given(st.text(alphabet=st.sampled_from("ab:-?,[]{}#&*!|>'\"%@` \n\t\\01.e~\x07é")))
def test_no_text_raises_anything_but_a_config_error(text: str) -> None:
    try:
        parse(text)
    except ConfigError as error:
        assert str(error).startswith("a.yaml")
