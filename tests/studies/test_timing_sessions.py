import shutil
from pathlib import Path

import pytest

from dropstudy.errors import StudyError
from dropstudy.studies.timing_sessions import TimingProgress, find_session, time_plan
from tests.studies.makers import STUDY, plan_study

TIMED = STUDY + "timing: {repeats: 2, steps: 2, warmup: 1}\ncontrols: [lr_matched]\n"


def test_the_arms_are_timed_once_and_the_session_is_found_again(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path, TIMED)
    assert find_session(directory, plan) is None
    told: list[TimingProgress] = []
    session = time_plan(directory, plan, on_progress=told.append)

    assert [arm.name for arm in session.arms] == ["none", "spatial", "none again"]
    assert len(session.turns) == 2 * 2 * 3
    assert told[-1].stage == "timed"
    assert told[-1].number == told[-1].count == 2 * 2 * 3
    found = find_session(directory, plan)
    assert found is not None
    assert found.path.resolve() == session.path.resolve()

    for other in ("rate: 0.1", "repeats: 2"):
        _, changed = plan_study(tmp_path, TIMED.replace(other, other.replace(other[-1], "3")))
        assert find_session(directory, changed) is None

    rows = next(path for path in session.path.iterdir() if path.suffix == ".jsonl")
    rows.write_text("no row\n")
    assert find_session(directory, plan) is None
    shutil.rmtree(session.path)
    assert find_session(directory, plan) is None


def test_what_keeps_the_arms_from_being_timed_is_told(tmp_path: Path) -> None:
    directory, plan = plan_study(
        tmp_path, TIMED + f"settings: {{data: {{kind: folder, path: {tmp_path}/none}}}}\n"
    )
    with pytest.raises(StudyError, match=r"the arms could not be timed: .*none"):
        time_plan(directory, plan, on_progress=lambda _: None)
    assert find_session(directory, plan) is None
