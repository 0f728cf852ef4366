"""Whether dropstudy and what it needs are installed whole."""

import platform
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

from dropstudy.doctor.finding import Finding
from dropstudy.errors import DataError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PHOTOGRAPHS = {"photos": 25, "tiny": 8}
"""How many are bundled, by their folder in ``dropstudy/assets``."""
REINSTALL = "pip install --force-reinstall --no-deps dropstudy"


def check_installation() -> list[Finding]:
    """Looks at Python, at the packages and at the bundled photographs."""
    try:
        declared = metadata.metadata("dropstudy")["Requires-Python"] or ""
        findings = [
            check_python(platform.python_version(), declared),
            check_packages(metadata.requires("dropstudy") or []),
        ]
    except metadata.PackageNotFoundError:
        missing = "dropstudy itself is not installed, only its source is here"
        findings = [Finding("packages", "fail", missing, "pip install .")]
    except ImportError as error:
        findings = [Finding("packages", "fail", str(error), "pip install packaging")]
    with resources.as_file(resources.files("dropstudy") / "assets") as assets:
        return [*findings, check_photographs(assets)]


def check_python(version: str, required: str) -> Finding:
    """Whether a version of Python is one that the installed dropstudy declares."""
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(required).contains(version, prereleases=True):
        return Finding("python", "ok", version)
    return Finding(
        "python",
        "fail",
        f"{version}; dropstudy needs {required}",
        "install such a Python and, with it, dropstudy into a new environment: "
        "python3 -m venv .venv",
    )


def check_packages(requirements: Sequence[str]) -> Finding:
    """Whether the packages that are installed are those that are declared.

    Args:
        requirements: As a distribution declares them; those of its extras are passed over.
    """
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in requirements]
    needed = [item for item in parsed if not item.marker or item.marker.evaluate({"extra": ""})]
    lacks = [(item, lack) for item in needed if (lack := _find_lack(item))]
    if not lacks:
        return Finding("packages", "ok", f"all {len(needed)} are there, in versions that fit")
    return Finding(
        "packages",
        "fail",
        "; ".join(lack for _, lack in lacks),
        "pip install " + " ".join(f"'{item.name}{item.specifier}'" for item, _ in lacks),
    )


def find_requirement(name: str) -> str:
    """What the installed dropstudy needs of a package, as pip takes it; the bare name if unsaid."""
    try:
        from packaging.requirements import Requirement

        declared = [Requirement(text) for text in metadata.requires("dropstudy") or []]
    except ImportError:  # of packaging, or dropstudy is not installed
        return name
    found = (f"{item.name}{item.specifier}" for item in declared if item.name == name)
    return next(found, name)


def check_photographs(assets: Path) -> Finding:
    """Whether all bundled photographs are there and can be read."""
    name = "photographs"
    try:
        from dropstudy.imaging.reading import list_images, read_image

        for folder, count in PHOTOGRAPHS.items():
            files = list_images(assets / folder)
            if len(files) != count:
                found = f"{assets / folder}: has {len(files)} of {count}"
                return Finding(name, "fail", found, REINSTALL)
            for file in files:
                read_image(file, "rgb")
    except (DataError, ImportError) as error:
        return Finding(name, "fail", f"cannot be read: {error}", REINSTALL)
    large, tiny = PHOTOGRAPHS.values()
    return Finding(name, "ok", f"{large}, and {tiny} tiny ones, all readable")


def _find_lack(needed: "Requirement") -> str | None:
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return f"{needed.name} is missing"
    if needed.specifier.contains(version, prereleases=True):
        return None
    return f"{needed.name} is {version}, not {needed.specifier}"
