"""What ``dropstudy run`` says and leaves where its disk is full."""

import re
import shlex
from pathlib import Path

from dropstudy.config import load_experiment
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import load_run
from tests.cli.commands import dropstudy
from tests.faults.acting import attempt, leftovers, new_directory, rows
from tests.faults.disks import Disk
from tests.faults.processes import started


def test_a_disk_that_is_full_before_the_start_is_told_and_nothing_is_left_on_it(
    config: Path, disk: Disk
) -> None:
    disk.fill()
    done = dropstudy("run", config, "--runs-dir", disk.path)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {disk.path}: cannot make a run directory here: No space left on device; "
        "name another with --runs-dir\n"
    )
    assert list(disk.path.iterdir()) == [disk.ballast]


def test_the_command_that_a_full_disk_ended_tells_how_to_go_on_and_that_goes_on_exactly(
    config: Path, disk: Disk, tmp_path: Path
) -> None:
    shorter = "training.steps_per_epoch=60"
    endless = ("--set", shorter, "--set", "training.epochs=100000")
    with started(disk.path, config, *endless) as run:
        path = run.wait_for(lambda path: (path / "epochs.csv").exists())
        disk.fill()
        code, _, stderr = run.end()
    assert code == 1
    told = re.fullmatch(
        rf"error: {path}/\S+: cannot be written: No space left on device; free some space\n"
        rf"go on with: (dropstudy run --resume {path})\n",
        stderr,
    )
    assert told, stderr
    assert " crashed " in dropstudy("list", "--runs-dir", disk.path).stdout
    assert f"{told[1]}\n" in dropstudy("show", path).stdout

    disk.free()
    directory = RunDirectory(path)
    epochs = f"training.epochs={len(rows(directory)) + 2}"
    _, *words = shlex.split(told[1])
    done = dropstudy(*words, "--set", epochs)
    assert (done.returncode, done.stderr) == (0, "")
    assert load_run(path).status == "finished"
    assert leftovers(directory) == []

    experiment = load_experiment(config, [shorter, epochs])
    undisturbed = new_directory(tmp_path / "undisturbed", experiment)
    attempt(experiment, undisturbed)
    assert rows(directory) == rows(undisturbed)
