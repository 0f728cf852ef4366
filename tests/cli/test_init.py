from pathlib import Path

from dropstudy.config import load_experiment
from dropstudy.config.schema import allowed_values
from tests.cli.commands import dropstudy
from tests.config.experiments import ROOT


def test_a_new_experiment_is_valid_named_as_given_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "drafts [new]" / "mine.yaml"
    file.parent.mkdir()
    done = dropstudy("init", file)
    assert done.returncode == 0
    assert done.stdout == f"wrote {file}; next: dropstudy run {file}\n"
    assert load_experiment(file).name == "my_experiment"

    file.write_text("mine\n", encoding="utf-8")
    again = dropstudy("init", file)
    assert again.returncode == 2
    assert again.stderr == f"error: {file}: is there already; name a new file\n"
    assert file.read_text(encoding="utf-8") == "mine\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = dropstudy("init", "file/mine.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: file/mine.yaml: cannot be written: Not a directory\n"


def test_the_starter_mentions_every_kind_that_there_is() -> None:
    text = (ROOT / "dropstudy/config/starter.yaml").read_text(encoding="utf-8")
    for path in (("data", "kind"), ("task", "kind"), ("dropout", "skip", "kind")):
        for kind in set(allowed_values(path, {})) - {"given"}:
            assert kind in text, f"{'.'.join(path)}: {kind}"
