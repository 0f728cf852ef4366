from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dropstudy.analysis.claims import ClaimOutcome
from dropstudy.errors import ExportError
from dropstudy.exports.junit import to_junit, write_junit

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONFIRMED = ClaimOutcome(
    say="it costs little",
    metric="step_seconds",
    statement="step_seconds of spatial / none below 1.1",
    state="confirmed",
    estimate=1.03,
    low=1.02,
    high=1.04,
    n=5,
    reason="",
    over="repeats",
)
REFUTED = replace(CONFIRMED, say="it costs more", state="refuted")
UNDECIDED = replace(CONFIRMED, say="who knows", state="undecided", reason="a single repeat")

TESTSUITE = {
    "name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp",
    "hostname", "id", "package",
}  # fmt: skip
ATTRIBUTES: Mapping[str, set[str]] = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": TESTSUITE,
    "testcase": {"name", "assertions", "time", "classname", "status"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
"""What junit-10.xsd allows of each element that is used here."""
NEEDED: Mapping[str, set[str]] = {"testsuite": {"name", "tests"}, "testcase": {"name"}}
INSIDE: Mapping[str, list[str]] = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
}
"""And what may stand in each, in this order."""


def parse(*outcomes: ClaimOutcome, study: str = "trial") -> ElementTree.Element:
    text = to_junit(study, outcomes, when=WHEN, seconds=0.6)
    return ElementTree.fromstring(text)  # noqa: S314 - our own


def check_by_the_schema(element: ElementTree.Element) -> None:
    assert set(element.attrib) <= ATTRIBUTES[element.tag]
    assert set(element.attrib) >= NEEDED.get(element.tag, set())
    order = INSIDE.get(element.tag, [])
    places = [order.index(child.tag) for child in element]
    assert places == sorted(places)
    for child in element:
        check_by_the_schema(child)


def test_the_file_satisfies_the_common_schema() -> None:
    check_by_the_schema(parse(CONFIRMED, REFUTED, UNDECIDED))


def test_refuted_is_failed_and_undecided_is_skipped() -> None:
    (suite,) = parse(CONFIRMED, REFUTED, UNDECIDED)
    confirmed, refuted, undecided = suite.findall("testcase")
    assert [child.tag for child in confirmed] == ["system-out"]
    failure = refuted.find("failure")
    assert failure is not None
    assert failure.get("type") == "refuted"
    assert failure.get("message") == (
        "step_seconds of spatial / none below 1.1: found 1.030 (1.020 to 1.040), 5 repeats"
    )
    skipped = undecided.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "undecided: a single repeat"


def test_the_counts_are_those_of_the_cases() -> None:
    root = parse(CONFIRMED, REFUTED, UNDECIDED, REFUTED)
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "2", "0")
    assert suite.get("timestamp") == "2026-01-02T03:04:05+00:00"
    times = [float(case.get("time", "")) for case in suite.findall("testcase")]
    assert sum(times) == pytest.approx(float(suite.get("time", "")))


def test_signs_that_xml_reserves_come_back_as_they_were() -> None:
    say = "a < b & c > \"d\"\n'e' ]]> ÄΩ🙂"
    outcome = replace(REFUTED, say=say, statement="<failure>")
    (suite,) = parse(outcome, study="a&b")
    case = suite.find("testcase")
    assert case is not None
    assert (case.get("name"), suite.get("name")) == (say, "a&b")
    assert case.findtext("system-out", "").startswith("<failure>: ")


def test_signs_that_xml_cannot_hold_are_left_out() -> None:
    given = "".join(map(chr, (*range(0x20), 0x7F, 0xD800, 0xFFFE, 0xFFFF)))
    (suite,) = parse(replace(UNDECIDED, say=f"a{given}b", reason=given))
    case = suite.find("testcase")
    assert case is not None
    assert case.get("name") == "a\t\n\r\x7fb"


def test_only_xml_is_replaced(tmp_path: Path) -> None:
    text = to_junit("trial", [CONFIRMED], when=WHEN, seconds=0.0)
    path = tmp_path / "claims.xml"
    for _ in range(2):
        write_junit(path, text)
        assert path.read_text(encoding="utf-8") == text
    study = tmp_path / "study.yaml"
    study.write_text("name: trial")
    with pytest.raises(ExportError, match=r"study\.yaml: is no XML, so it is not replaced; name"):
        write_junit(study, text)
    assert study.read_text() == "name: trial"
