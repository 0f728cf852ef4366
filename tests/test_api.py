import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import dropstudy
from dropstudy.analysis import comparison
from dropstudy.runs import store
from dropstudy.runs.reading import Run
from tests.config.experiments import ROOT
from tests.exports.example_runs import example_epoch, write_run

GUIDE = ROOT / "docs" / "python.md"
LIST_IMPORTS = """
import sys
before = set(sys.modules)
import dropstudy
dir(dropstudy)
print(*sorted(set(sys.modules) - before))
"""


def test_importing_dropstudy_imports_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "dropstudy" in imported
    assert {name for name in imported if name.startswith("dropstudy.")} == set()
    assert not imported & {"pydantic", "numpy", "yaml", "json", "pathlib"}


def test_the_functions_are_those_of_the_commands() -> None:
    assert dropstudy.load_run is store.load_run
    assert dropstudy.find_runs is store.find_runs
    assert dropstudy.compare is comparison.compare


def test_every_public_name_is_there_and_listed() -> None:
    for name in dropstudy.__all__:
        assert getattr(dropstudy, name)
    assert set(dropstudy.__all__) <= set(dir(dropstudy))


def test_a_name_that_is_not_there_is_an_ordinary_mistake() -> None:
    with pytest.raises(AttributeError, match="module 'dropstudy' has no attribute 'train'"):
        dropstudy.train  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(dropstudy, "train")


def test_the_guide_to_python_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    write_run(runs / "unet_spatial-20260102-3f9a1c", config="unet_spatial")
    short = [example_epoch(1), example_epoch(2)]
    write_run(runs / "unet_plain-20260102-b07e52", config="unet_plain", epochs=short)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    parts = GUIDE.read_text(encoding="utf-8").split("```")
    code = "\n".join(part.removeprefix("python\n") for part in parts if part.startswith("python\n"))
    example = doctest.DocTestParser().get_doctest(code, {}, GUIDE.name, str(GUIDE), 0)
    assert len(example.examples) > 15
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_the_guide_names_everything_that_a_run_tells() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    told = {name for name in vars(Run) if not name.startswith("_")} | {"directory"}
    missing = {name for name in told if f"`run.{name}" not in text}
    assert missing == {"median_train_seconds"}  # which an example shows
    assert "run.median_train_seconds" in text
