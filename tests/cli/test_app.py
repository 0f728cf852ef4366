import subprocess
import sys
from pathlib import Path

import pytest

from dropstudy import __version__
from dropstudy.cli.app import app
from tests.cli.commands import ENVIRONMENT, command, dropstudy


def test_the_installed_command_and_the_module_are_the_same_program() -> None:
    script = Path(sys.executable).with_name("dropstudy")
    by_script = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert by_script.stdout == dropstudy("--version").stdout == f"dropstudy {__version__}\n"


def test_help_names_every_command() -> None:
    done = dropstudy("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    names = [
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    ]
    assert names == [
        *("run", "list", "show", "compare", "report", "evaluate", "score", "export"),
        *("validate", "explain", "init", "schema", "verify-resume", "doctor", "timing"),
    ]
    groups = [str(group.name) for group in app.registered_groups]
    assert groups == ["study"]
    for name in [*names, *groups]:
        assert f" {name} " in done.stdout


def test_an_interrupt_while_the_command_is_imported_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run(
        command("--help"),
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "No such command 'trian'"),
        (["run"], "give the FILE of an experiment to train it"),
        (["run", "a.yaml", "--resume", "b"], "or --resume RUN to go on with a run"),
        (["run", "a.yaml", "--quite"], "No such option: --quite"),
    ],
)
def test_a_command_line_that_makes_no_sense_exits_2(arguments: list[str], message: str) -> None:
    done = dropstudy(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
