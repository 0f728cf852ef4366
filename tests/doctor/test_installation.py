import platform
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from dropstudy.doctor.installation import (
    PHOTOGRAPHS,
    check_installation,
    check_packages,
    check_photographs,
    check_python,
    find_requirement,
)
from tests.config.experiments import ROOT

ASSETS = ROOT / "dropstudy" / "assets"


def test_what_is_installed_here_is_whole() -> None:
    findings = check_installation()

    assert [finding.name for finding in findings] == ["python", "packages", "photographs"]
    assert {finding.status for finding in findings} == {"ok"}
    assert findings[0].found == platform.python_version()


@pytest.mark.parametrize(
    ("version", "status"),
    [("3.10.14", "fail"), ("3.11.0", "ok"), ("3.14.0rc1", "ok"), ("2.7.18", "fail")],
)
def test_a_python_older_than_declared_fails(version: str, status: str) -> None:
    finding = check_python(version, ">=3.11")

    assert finding.status == status
    if status == "fail":
        assert finding.found == f"{version}; dropstudy needs >=3.11"


def test_packages_that_are_missing_or_of_another_version_are_named_with_the_command() -> None:
    numpy = metadata.version("numpy")
    finding = check_packages(
        ["numpy>=99", "rich>=1", "no-such-package>=2,<3", 'other-absentee; python_version < "3"']
    )

    assert finding.status == "fail"
    assert finding.found == f"numpy is {numpy}, not >=99; no-such-package is missing"
    assert finding.remedy == "pip install 'numpy>=99' 'no-such-package<3,>=2'"


def test_a_package_of_an_extra_may_be_missing() -> None:
    finding = check_packages(["rich>=1", 'no-such-package>=2; extra == "gpu"'])

    assert (finding.status, finding.remedy) == ("ok", None)
    assert finding.found.startswith("all 1 ")


def test_what_is_needed_of_a_package_is_what_the_distribution_declares() -> None:
    assert f'"{find_requirement("keras")}"' in (ROOT / "pyproject.toml").read_text()
    assert find_requirement("no-such-package") == "no-such-package"


def test_the_counts_of_photographs_are_those_of_the_folders_that_ship() -> None:
    shipped = {folder: len(list((ASSETS / folder).glob("*.webp"))) for folder in PHOTOGRAPHS}

    assert shipped == PHOTOGRAPHS


def test_a_photograph_that_is_gone_is_told(tmp_path: Path) -> None:
    assets = Path(shutil.copytree(ASSETS, tmp_path / "assets"))
    (assets / "tiny" / "coffee.webp").unlink()

    finding = check_photographs(assets)
    assert finding.status == "fail"
    assert finding.found == f"{assets / 'tiny'}: has 7 of 8"
    assert finding.remedy is not None


def test_a_photograph_that_was_cut_short_is_named(tmp_path: Path) -> None:
    assets = Path(shutil.copytree(ASSETS, tmp_path / "assets"))
    file = assets / "photos" / "chelsea.webp"
    file.write_bytes(file.read_bytes()[:1000])

    finding = check_photographs(assets)
    assert finding.status == "fail"
    assert str(file) in finding.found


def test_a_folder_of_photographs_that_is_gone_is_told(tmp_path: Path) -> None:
    finding = check_photographs(tmp_path)

    assert finding.status == "fail"
    assert f"{tmp_path / 'photos'}: not a folder" in finding.found
