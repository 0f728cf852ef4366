"""Outcomes of claims as JUnit XML, which continuous integration shows as tests."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from dropstudy.analysis.claims import ClaimOutcome
from dropstudy.errors import ExportError
from dropstudy.runs.directory import write_text

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 cannot hold, not even escaped."""
_BEGINNING = "<?xml"


def to_junit(
    study: str, outcomes: Sequence[ClaimOutcome], *, when: datetime, seconds: float
) -> str:
    """A suite with a case for each claim: refuted is failed, and undecided is skipped.

    By the schema that Jenkins, GitLab and pytest share (junit-10.xsd).

    Args:
        study: Its name, which the suite has.
        outcomes: At least one.
        when: They were judged.
        seconds: That took; each case has its equal share, for they are judged in one go.
    """
    counts = {
        "tests": len(outcomes),
        "failures": sum(outcome.state == "refuted" for outcome in outcomes),
        "errors": 0,
    }
    totals = {name: str(count) for name, count in counts.items()}
    totals["time"] = f"{seconds:.3f}"
    root = ElementTree.Element("testsuites", {"name": "dropstudy study check", **totals})
    skipped = sum(outcome.state == "undecided" for outcome in outcomes)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": _clean(study),
            **totals,
            "skipped": str(skipped),
            "timestamp": when.isoformat(timespec="seconds"),
        },
    )
    for outcome in outcomes:
        _add_case(suite, study, outcome, seconds / len(outcomes))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'{_BEGINNING} version="1.0" encoding="UTF-8"?>\n{text}\n'


def write_junit(path: Path, text: str) -> None:
    """Writes what ``to_junit`` made; replaces XML alone.

    Raises:
        ExportError: The path is taken by something else.
        StorageError: It cannot be written.
    """
    if path.exists() and not _is_xml(path):
        raise ExportError(f"{path}: is no XML, so it is not replaced; name another file")
    write_text(path, text)


def _add_case(
    suite: ElementTree.Element, study: str, outcome: ClaimOutcome, seconds: float
) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "classname": _clean(f"{study}.{outcome.metric}"),
            "name": _clean(outcome.say),
            "time": f"{seconds:.3f}",
        },
    )
    found = f"{outcome.statement}: found {outcome.found}"
    if outcome.state == "refuted":
        failure = {"type": "refuted", "message": _clean(found)}
        ElementTree.SubElement(case, "failure", failure).text = _clean(f"{outcome.say}\n{found}")
    elif outcome.state == "undecided":
        message = f"undecided: {outcome.reason}"
        ElementTree.SubElement(case, "skipped", {"message": _clean(message)})
    ElementTree.SubElement(case, "system-out").text = _clean(found)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _is_xml(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING.encode()
