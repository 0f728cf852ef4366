import ast
from pathlib import Path

import pytest

from tests.config.experiments import ROOT

SOURCES = sorted((ROOT / "dropstudy").rglob("*.py"))
LONGEST = 300
RUNNING_TEXT_AS_CODE = {"eval", "exec", "compile", "__import__"}
UNSAFE_READERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
UNSAFE_CALLS = {"yaml.load", "yaml.full_load", "yaml.unsafe_load", "os.system", "os.popen"}


def test_all_sources_are_found() -> None:
    assert len(SOURCES) > 40


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_read_whole(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_can_run_as_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in RUNNING_TEXT_AS_CODE | UNSAFE_CALLS, f"line {node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False"
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [module or "", *(alias.name for alias in node.names)]
            assert not {name.partition(".")[0] for name in names} & UNSAFE_READERS
