"""Signals to a real ``dropstudy run``, and two processes on one run."""

import re
import signal
import time
from functools import partial
from itertools import cycle
from pathlib import Path

from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import list_manifests, place_of
from dropstudy.runs.store import load_run
from tests.cli.commands import dropstudy
from tests.faults.acting import go_on, noted, only_run, rows
from tests.faults.processes import EVERY_STEPS, started

SECONDS_TO_END = 20
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
EPOCHS = 12
TRIALS = 8


def test_signals_end_a_run_at_the_very_step_and_it_goes_on_as_if_there_had_been_none(
    config: Path, tmp_path: Path
) -> None:
    whole, runs = tmp_path / "whole", tmp_path / "runs"
    words: tuple[str | Path, ...] = (config, "--set", f"training.epochs={EPOCHS}")
    with started(whole, *words) as undisturbed:
        places: list[tuple[int, int]] = []
        signals = cycle(CODES.items())
        # A signal may well come while a checkpoint is written that was due anyway.
        while len(places) < len(CODES) or (len(places) < TRIALS and not _is_off_beat(places)):
            number, code = next(signals)
            with started(runs, *words) as run:
                last = places[-1][0] if places else 0
                path = run.wait_for(partial(_is_within_an_epoch_after, last))
                run.process.send_signal(number)
                returned, stdout, stderr = run.end()
            places.append(_newest_place(path))
            done = places[-1][0] - 1
            assert (returned, stderr) == (code, "")
            assert re.search(rf"^interrupted after {done} epochs?$", stdout, re.MULTILINE)
            assert f"go on with  dropstudy run --resume {path}\n" in stdout
            assert load_run(path).status == "interrupted"
            assert len(rows(RunDirectory(path))) == done
            words = ("--resume", path)
        with started(runs, *words) as run:
            assert run.end()[0] == 0
        assert undisturbed.end()[0] == 0
    directory = RunDirectory(path)
    resumes = noted(directory)["resumes"]
    assert [(entry["epoch"], entry["step"]) for entry in resumes] == places
    assert _is_off_beat(places), "only where a checkpoint was due"
    assert rows(directory) == rows(only_run(whole))
    assert load_run(path).status == "finished"


def test_ignored_signals_stay_ignored_a_second_process_is_refused_and_two_signals_end_at_once(
    config: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    ignoring = ("sh", "-c", 'trap "" INT TERM; exec "$@"', "sh")  # as & and nohup do of theirs
    with started(runs, config, "--set", "training.epochs=100000", wrapper=ignoring) as run:
        path = run.wait_for(lambda path: _newest_place(path) > (1, 0))
        for number in (signal.SIGINT, signal.SIGTERM):
            run.process.send_signal(number)
        before = _newest_place(path)
        run.wait_for(lambda path: _newest_place(path)[0] > before[0])

        second = dropstudy("run", "--resume", path)
        assert second.returncode == 2
        pid = run.process.pid
        assert re.match(
            rf"error: {re.escape(str(path))}: process {pid} on \S+ has been writing to this run "
            rf"since .* UTC; wait until it ends, or end it with: kill {pid}$",
            second.stderr.strip(),
        )
        assert "running" in dropstudy("list", "--runs-dir", runs).stdout

        began = time.monotonic()
        run.process.send_signal(signal.SIGHUP)
        run.process.send_signal(signal.SIGHUP)
        code, _, stderr = run.end()
        assert time.monotonic() - began < SECONDS_TO_END
    assert (code, stderr) == (129, "")
    done = load_run(path)
    assert done.status == "interrupted"
    assert done.last is not None
    assert [row["epoch"] for row in rows(done.directory)] == list(range(1, done.last.epoch + 1))
    shown = dropstudy("show", path)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_signal_before_the_training_leaves_a_run_that_can_be_begun(
    config: Path, started_tensorflow: None, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    with started(runs, config) as run:
        path = run.wait_for(lambda path: (path / "log.txt").exists())
        run.process.send_signal(signal.SIGINT)
        code, _, stderr = run.end()
    assert (code, stderr) == (130, "")
    directory = RunDirectory(path)
    assert [hidden.name for hidden in runs.rglob(".*")] == []
    assert load_run(path).status == "interrupted"
    assert rows(directory) == []
    assert f"dropstudy run --resume {path}" in dropstudy("show", path).stdout
    result, _ = go_on(directory, "training.epochs=1")
    assert (result.status, len(rows(directory))) == ("finished", 1)


def _is_off_beat(places: list[tuple[int, int]]) -> bool:
    return any(step % EVERY_STEPS for _, step in places)


def _newest_place(directory: Path) -> tuple[int, int]:
    manifests = list_manifests(RunDirectory(directory))
    if not manifests:
        return 0, 0
    place = place_of(manifests[0])
    return place.epoch, place.step


def _is_within_an_epoch_after(last: int, directory: Path) -> bool:
    epoch, step = _newest_place(directory)
    return epoch > last and step > 0
