import json
from pathlib import Path
from typing import Any

import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.timings import make_session_directory, read_session
from tests.runs.timed import write_session

STEPS = {"none": 0.01, "dropout": 0.012}


def edit(path: Path, key: str, value: Any) -> None:
    content = json.loads((path / "session.json").read_text())
    content[key] = value
    (path / "session.json").write_text(json.dumps(content))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = write_session(tmp_path / "s", STEPS)
    assert read_session(tmp_path / "s") == written
    assert written.is_complete
    assert len(written.turns) == 5 * 2 * 3
    assert {turn.arm for turn in written.turns_of("none")} == {"none"}


def test_of_a_session_that_was_killed_the_whole_turns_are_read(tmp_path: Path) -> None:
    written = write_session(tmp_path, STEPS, finished="")
    with (tmp_path / "turns.jsonl").open("a") as stream:
        stream.write('{"arm": "none", "rou')
    read = read_session(tmp_path)
    assert read.turns == written.turns
    assert not read.is_complete


def test_a_session_of_which_no_turn_was_taken_can_be_read(tmp_path: Path) -> None:
    write_session(tmp_path, STEPS, repeats=0)
    assert read_session(tmp_path).turns == ()


def test_no_session_is_written_over_another(tmp_path: Path) -> None:
    write_session(tmp_path, STEPS)
    with pytest.raises(RunDirectoryError, match="holds a timing session already"):
        make_session_directory(tmp_path)


def test_a_folder_without_a_session_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"session\.json: cannot be read: No such file"):
        read_session(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("repeats", "many", r'session\.json: damaged: repeats is "many"'),
        ("arms", [], r"session\.json: damaged: arms is \[\]"),
        ("arms", [3], r"session\.json: arms\.0: damaged: 3 is no JSON object"),
        ("environment", 1, r"session\.json: damaged: environment is 1"),
    ],
)
def test_damage_is_told_with_its_place(tmp_path: Path, key: str, value: Any, message: str) -> None:
    write_session(tmp_path, STEPS)
    edit(tmp_path, key, value)
    with pytest.raises(RunDirectoryError, match=message):
        read_session(tmp_path)


def test_an_arm_without_a_baseline_of_its_name_is_refused(tmp_path: Path) -> None:
    write_session(tmp_path, STEPS)
    content = json.loads((tmp_path / "session.json").read_text())
    content["arms"][1]["baseline"] = "nothing"
    edit(tmp_path, "arms", content["arms"])
    with pytest.raises(RunDirectoryError, match="a baseline is no arm"):
        read_session(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"turns\.jsonl:31: damaged: not JSON"),
        ("[]", r"turns\.jsonl:31: damaged: \[\] is no JSON object"),
        (
            '{"arm": "x", "round": 1, "place": 1, "peak_memory_bytes": null, "others_share": 0}',
            'turns.jsonl:31: damaged: arm is "x", which the session does not have',
        ),
        *(
            (
                '{"arm": "none", "round": 1, "place": 1, "peak_memory_bytes": null, '
                f'"others_share": null, "step_seconds": {seconds}}}',
                r"turns\.jsonl:31: damaged: step_seconds is ",
            )
            for seconds in ("[]", "3", "[0.1, 0]", "[true]", '["1"]', "[1e300]", "null")
        ),
    ],
)
def test_a_damaged_turn_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    write_session(tmp_path, STEPS)
    with (tmp_path / "turns.jsonl").open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(RunDirectoryError, match=message):
        read_session(tmp_path)
