"""Configs that were written to do harm, or by someone who knows another YAML."""

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from dropstudy.config import load_experiment
from dropstudy.config.yaml_source import MAX_BYTES
from dropstudy.errors import ConfigError
from tests.cli.commands import ENVIRONMENT, command
from tests.config.experiments import SHORT

LINES = SHORT.count("\n")
NEXT = LINES + 1
"""The line of what is added to the short experiment."""
NAMES = "abcdefghi"
LAUGHS = "\n".join(
    [
        "a: &a [ha, ha, ha]",
        *(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(NAMES)),
        SHORT,
    ]
)
NAME_RULE = "give 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first"
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "a python tag": (
        f"{SHORT}notes: !!python/object/apply:os.system [touch pwned]\n",
        f":{NEXT}: the tag !!python/object/apply:os.system is not allowed",
    ),
    "a python name": (
        f"{SHORT}notes: !!python/name:os.system\n",
        f":{NEXT}: the tag !!python/name:os.system is not allowed",
    ),
    "a tag of one's own": (f"{SHORT}tags: !mine [a]\n", f":{NEXT}: the tag !mine is not allowed"),
    "a tag on a key": (f"{SHORT}!mine notes: a\n", f":{NEXT}: the tag !mine is not allowed"),
    "binary": (f"{SHORT}notes: !!binary aGk=\n", f":{NEXT}: the tag !!binary is not allowed"),
    "a date": (
        SHORT.replace("name: short", "name: !!timestamp 2026-01-01"),
        ":1: the tag !!timestamp is not allowed",
    ),
    "a set": (f"{SHORT}tags: !!set {{a, b}}\n", f":{NEXT}: the tag !!set is not allowed"),
    "a billion laughs": (LAUGHS, ": more than 20,000 values, what aliases repeat included"),
    "an alias within itself": (
        f"{SHORT}tags: &a [*a]\n",
        f":{NEXT}: nested more than 50 levels deep",
    ),
    "10 MB": (SHORT + "#" * 10_000_000, ": cannot read it: it has 10,000,"),
    "just too large": (b"#" * (MAX_BYTES + 1), "it has 1,000,001 bytes, more than 1,000,000"),
    "a long list": (f"{SHORT}tags: [{'a,' * 490_000}]\n", f":{NEXT}: more than 20,000 values"),
    "many keys": (
        SHORT + "".join(f"k{number}: 1\n" for number in range(90_000)),
        ": more than 20,000 values",
    ),
    "many aliases": (f"a: &a x\ntags: [{'*a,' * 300_000}]\n", ":2: more than 20,000 values"),
    "deep brackets": (f"{SHORT}notes: {'[' * 499_000}\n", f":{NEXT}: nested more than 50 levels"),
    "deep indents": (
        SHORT + "".join(f"{' ' * depth}a:\n" for depth in range(1300)),
        f":{LINES + 50}: nested more than 50 levels deep",
    ),
    "deep dashes": ("- " * 400_000, ":1: nested more than 50 levels deep"),
    "deep questions": (f"{SHORT}{'? ' * 400_000}", f":{NEXT}: nested more than 50 levels deep"),
    "a key given twice": (
        f"{SHORT}name: t\n",
        f":{NEXT}: name: given twice, first in line 1; keep",
    ),
    "an inner key given twice": (
        f"{SHORT}dropout: {{skip: {{kind: spatial, rate: 0.1, rate: 0.2}}}}\n",
        f":{NEXT}: dropout.skip.rate: given twice",
    ),
    "a list as a key": (f"{SHORT}? [a, b]\n: 1\n", f":{NEXT}: a list or a mapping as a key"),
    "a tab": (
        f"{SHORT}training:\n\tepochs: 3\n",
        f":{NEXT + 1}: not YAML: a tab where only spaces may stand; indent with spaces",
    ),
    "Latin-1": (SHORT.encode() + b"notes: caf\xe9\n", f":{NEXT}: byte "),
    "UTF-16": (SHORT.encode("utf-16"), ":1: byte 0 is not UTF-8; save the file as UTF-8"),
    "bytes without sense": (bytes(range(1, 256)) * 100, ": byte 127 is not UTF-8"),
    "a null byte": (f"{SHORT}notes: \0\n", f":{NEXT}: not YAML: the sign U+0000 is not allowed"),
    "an escape": (f"{SHORT}notes: \x1b[2J\n", f":{NEXT}: not YAML: the sign U+001B is not"),
    "not a number": (
        f"{SHORT}training: {{optimizer: {{kind: adam, learning_rate: .nan}}}}\n",
        f":{NEXT}: training.optimizer.learning_rate: got nan; give a number above 0",
    ),
    "infinite": (
        SHORT.replace("kind: blur", "kind: gaussian, sigma: .inf"),
        ":3: task.sigma: got inf; give a number from 0 to 1000",
    ),
    "too large for a float": (
        f"{SHORT}training: {{optimizer: {{kind: adam, learning_rate: 1e999}}}}\n",
        f":{NEXT}: training.optimizer.learning_rate: got inf; give",
    ),
    "a number of many digits": (
        f"{SHORT}seed: {'1' * 900_000}\n",
        f":{NEXT}: a number of 900,000 digits; give at most 100",
    ),
    "no for false": (
        f"{SHORT}training: {{restore_best: no}}\n",
        f":{NEXT}: training.restore_best: got 'no'; give true or false",
    ),
    "a name that leads out": (
        SHORT.replace("name: short", "name: ../../etc"),
        f":1: name: got '../../etc'; {NAME_RULE}",
    ),
    "a name of two lines": (
        SHORT.replace("name: short", 'name: "a\\nb"'),
        f":1: name: got 'a\\nb'; {NAME_RULE}",
    ),
    "a name that ends its line": (
        SHORT.replace("name: short", 'name: "a\\n"'),
        f":1: name: got 'a\\n'; {NAME_RULE}",
    ),
    "a name that colours": (
        SHORT.replace("name: short", 'name: "a\\e[31m"'),
        f":1: name: got 'a\\x1b[31m'; {NAME_RULE}",
    ),
    "a name of 900,000 signs": (
        SHORT.replace("name: short", f"name: {'a' * 900_000}"),
        ":1: name: got 'aaaaaaaa",
    ),
    "a key that colours": (
        f'{SHORT}"a\\e[31m\\nb": 1\n',
        f":{NEXT}: a\\x1b[31m\\nb: unknown key; allowed: name, ",
    ),
    "a key of 900 signs": (f'{SHORT}"{"a" * 900}": 1\n', f":{NEXT}: aaaaaaaaa"),
    "an empty key": (f"{SHORT}? \n: 1\n", f":{NEXT}: '': unknown key; allowed: name, "),
    "two documents": (f"{SHORT}---\n{SHORT}", f":{NEXT}: not YAML: but found another document"),
    "nothing": ("", ": give a mapping with the keys name, data, task"),
    "a list": ("- a\n", ": give a mapping with the keys name, data, task"),
}


def _write(folder: Path, name: str) -> Path:
    content = HOSTILE[name][0]
    path = folder / f"{name}.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_config_is_refused_where_it_is_wrong_and_at_once(
    name: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, name)
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    assert time.process_time() - started < 10  # coverage and a slow machine included
    first, *rest = str(caught.value).split("\n")
    assert first.startswith(str(path))
    assert HOSTILE[name][1] in first
    assert len(first) < len(str(path)) + 400
    assert all(line.startswith(str(path)) for line in rest)


def _validate(paths: Sequence[Path | str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs ``dropstudy validate`` with at most 2 GiB of memory and 60 seconds of work."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    return subprocess.run(
        command("validate", *paths),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd=cwd,
        timeout=200,
        check=False,
        preexec_fn=limit,
    )


def test_the_command_refuses_all_of_them_in_bounded_time_and_memory(tmp_path: Path) -> None:
    done = _validate([_write(tmp_path, name) for name in HOSTILE], tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    for name, (_, text) in HOSTILE.items():
        assert f"{tmp_path}/{name}.yaml" in done.stderr
        assert text in done.stderr
    assert not (tmp_path / "pwned").exists()


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    reasons = {
        "pipe.yaml": "it is a pipe or a device, not a file",
        "zero.yaml": "it is a pipe or a device, not a file",
        "folder.yaml": "Is a directory",
        "round.yaml": "Too many levels of symbolic links",
        "none.yaml": "No such file or directory",
    }
    done = _validate(list(reasons), tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {name}: cannot read it: {reason}" for name, reason in reasons.items()
    ]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        (f"{SHORT}training: {{optimizer: {{kind: adam, learning_rate: 1e-3}}}}\n", "", 0.001),
        (SHORT.replace("name: short", "name: no"), "name", "no"),
        (SHORT.replace("name: short", "name: !!str 5"), "name", "5"),
        (f'{SHORT}notes: "\\ud800 \\0 \\e[31m \\n"\n', "notes", "\ud800 \0 \x1b[31m \n"),
        (f"{SHORT}notes: {'a' * 900_000}\n", "notes", "a" * 900_000),
    ],
    ids=["1e-3", "a name no", "a name 5", "notes of odd signs", "long notes"],
)
def test_what_only_looks_odd_is_taken_as_it_is(
    text: str, key: str, value: object, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    experiment = load_experiment(path)
    found = getattr(experiment, key) if key else experiment.training.optimizer.learning_rate
    assert found == value


@pytest.mark.parametrize("name", ["../up", "a\nb", "\x1b[31m", "a/b", "", "-a", "a" * 65])
def test_a_hostile_name_from_the_command_line_is_refused(name: str, smoke_yaml: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(smoke_yaml, [f"name={name}"])
    assert NAME_RULE in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
