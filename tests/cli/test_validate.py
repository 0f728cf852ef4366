from pathlib import Path

from tests.cli.commands import dropstudy
from tests.config.experiments import CONFIGS

STUDIES = CONFIGS / "studies"


def test_files_are_checked_one_by_one_and_every_problem_is_printed(
    tmp_path: Path, smoke_yaml: Path
) -> None:
    good = tmp_path / "runs [old]" / "good.yaml"
    good.parent.mkdir()
    good.write_text(smoke_yaml.read_text(encoding="utf-8"), encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text("\n" * 99 + "name: a b\nseed: -1\n", encoding="utf-8")
    done = dropstudy("validate", good, bad, tmp_path / "none.yaml", good)
    assert done.returncode == 2
    valid = f"valid  {good}  pixelate, block 4 · unet of 8 filters, depth 2, residual output · "
    assert [line[: len(valid)] for line in done.stdout.splitlines()] == [valid, valid]
    problems = done.stderr.splitlines()
    assert [problem.partition("; ")[0] for problem in problems] == [
        f"error: {bad}:100: name: got 'a b'",
        f"{bad}:100: data: missing",
        f"{bad}:100: task: missing",
        f"{bad}:100: architecture: missing",
        f"{bad}:101: seed: got -1",
        f"error: {tmp_path}/none.yaml: cannot read it: No such file or directory",
    ]


def test_overrides_count_for_every_file(smoke_yaml: Path) -> None:
    done = dropstudy("validate", smoke_yaml, "--set", "task.block=8", "--set", "dropout={}")
    assert done.returncode == 0
    assert "pixelate, block 8 · " in done.stdout
    assert done.stdout.endswith(" · no dropout\n")
    assert done.stderr == ""


def test_a_study_is_checked_with_all_its_arms() -> None:
    done = dropstudy("validate", STUDIES / "smoke.yaml")
    assert done.returncode == 0
    assert done.stdout == f"valid  {STUDIES / 'smoke.yaml'}  study · 3 arms · 4 seeds\n"


def test_a_study_takes_no_overrides() -> None:
    done = dropstudy("validate", STUDIES / "smoke.yaml", "--set", "seeds=3")
    assert done.returncode == 2
    assert "edit this file" in done.stderr


def test_claims_are_checked_against_the_study_beside_them() -> None:
    claims = STUDIES / "epoch_cost.claims.yaml"
    done = dropstudy("validate", claims)
    assert done.returncode == 0
    assert done.stdout.startswith(f"valid  {claims}  claims · 8 about {STUDIES}")
