"""Checks the documents: links lead somewhere, commands and tests are the ones that exist.

python scripts/check_docs.py
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

from dropstudy.cli.app import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bdropstudy ([a-z]+(?:-[a-z]+)*)\b")
TEST = re.compile(r"\b(tests/[\w/]+\.py)::(\w+)")
PLACEHOLDER = re.compile(r"@@\w+@@")
HEADING = re.compile(r"^#+ (.+)$", re.M)


def main() -> None:
    """Prints every problem and exits with 1 if there is one."""
    commands = {
        (info.name or info.callback.__name__) for info in app.registered_commands if info.callback
    } | {str(group.name) for group in app.registered_groups}
    problems = [problem for path in DOCUMENTS for problem in check_links(path)]
    problems += [problem for path in DOCUMENTS for problem in check_commands(path, commands)]
    problems += [problem for path in DOCUMENTS for problem in check_finished(path)]
    problems += [problem for path in DOCUMENTS for problem in check_tests(path)]
    shown = (ROOT / "README.md").read_text()
    problems += [
        f"README.md: does not show dropstudy {name}"
        for name in sorted(commands)
        if f"dropstudy {name}" not in shown
    ]
    if problems:
        sys.exit("\n".join(problems))


def check_links(path: Path) -> list[str]:
    """Links of a document to files or headings that are not there."""
    problems = []
    for match in LINK.finditer(path.read_text()):
        target = match.group(1) or match.group(2)
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        destination = (path.parent / file).resolve() if file else path
        if not destination.exists():
            problems.append(f"{path.relative_to(ROOT)}: {target} is not there")
        elif anchor and anchor not in anchors(destination):
            problems.append(f"{path.relative_to(ROOT)}: {target} has no such heading")
    return problems


def check_finished(path: Path) -> list[str]:
    """Places of a document that are still to be filled in."""
    return [f"{path.relative_to(ROOT)}: {mark}" for mark in PLACEHOLDER.findall(path.read_text())]


def check_commands(path: Path, commands: set[str]) -> list[str]:
    """Commands that a document's code shows and that do not exist."""
    code = re.findall(r"```.*?```|`[^`\n]+`", path.read_text(), re.S)
    named = {name for part in code for name in COMMAND.findall(part)}
    return [f"{path.relative_to(ROOT)}: no command {name}" for name in sorted(named - commands)]


def check_tests(path: Path) -> list[str]:
    """Tests that a document names, as ``tests/FILE.py::NAME``, and that do not exist."""
    return [
        f"{path.relative_to(ROOT)}: no test {file}::{name}"
        for file, name in sorted(set(TEST.findall(path.read_text())))
        if name not in tests_of(ROOT / file)
    ]


@cache
def tests_of(path: Path) -> frozenset[str]:
    """The names of a file's test functions; none where there is no such file."""
    if not path.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_text()))
    return frozenset(
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = HEADING.findall(path.read_text())
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


if __name__ == "__main__":
    main()
