import signal
import tempfile
from pathlib import Path

import pytest

from dropstudy.doctor.framework import TRIED, check_framework, explain_end

GLIBC = "/lib/libm.so.6: version `GLIBC_2.38' not found (required by /x.so)"
FOOTER = "\\n\\nFailed to load the native TensorFlow runtime.\\nSee https://example.org"


@pytest.mark.parametrize(
    ("source", "found", "remedy"),
    [
        (
            f'raise ImportError("{GLIBC}{FOOTER}")',
            "GLIBC_2.38 is needed",
            "use a newer system",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
            "instructions that the processor does not have, such as AVX",
            "use a machine with AVX",
        ),
        (
            f'raise ImportError("libfoo.so.3: cannot open shared object file{FOOTER}")',
            "ImportError: libfoo.so.3: cannot open shared object file",
            "pip install --force-reinstall 'tensorflow<2.22,>=2.21'",
        ),
        (
            "raise ModuleNotFoundError(\"No module named 'tensorflow'\")",
            "No module named 'tensorflow'",
            "pip install 'tensorflow<2.22,>=2.21'; if pip finds none, there is no wheel for",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory", "end other"),
        ("import time; time.sleep(60)", "no answer in time", "close other programs"),
    ],
    ids=["glibc", "avx", "library", "missing", "killed", "hangs"],
)
def test_a_tensorflow_that_cannot_be_imported_is_explained(
    source: str, found: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text("import tensorflow")
    (tmp_path / "tensorflow.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    [finding] = check_framework(longest_seconds=2 if "sleep" in source else 60)

    assert (finding.name, finding.status) == ("tensorflow", "fail")
    assert found in finding.found
    assert finding.found.endswith("; gpu, precision, training, determinism not tried")
    assert finding.remedy is not None
    assert finding.remedy.startswith(remedy)


def test_the_log_of_a_failure_is_kept_where_the_finding_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text("raise ValueError('something odd')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    [finding] = check_framework()
    log = Path(finding.found.partition("(in full in ")[2].partition(")")[0])

    assert finding.found.startswith("ValueError: something odd (in full in ")
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".py", ".txt"}


def test_without_a_place_for_temporary_files_another_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    [finding] = check_framework()

    assert (finding.name, finding.status) == ("tensorflow", "fail")
    assert "No such file or directory" in finding.found
    assert finding.remedy is not None
    assert finding.remedy.startswith("export TMPDIR=")


def test_a_training_that_breaks_off_leaves_what_was_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scipy.py").write_text("raise ImportError('scipy is broken')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    *before, last = check_framework()

    assert [finding.name for finding in before] == list(TRIED[:3])
    assert (last.name, last.status) == ("training", "fail")
    assert last.found.startswith("ImportError: scipy is broken (in full in ")
    assert last.found.endswith("; determinism not tried")


@pytest.mark.parametrize(
    ("said", "code", "has_gpu", "found", "remedy"),
    [
        ("ValueError: odd\n", 1, False, "ValueError: odd", "pip install --force-reinstall"),
        ("a.b.CudnnError: none\n", 1, True, "CudnnError: none", "--set runtime.device=cpu"),
        ("x.ResourceExhaustedError: OOM\n", 1, True, "OOM", "end other programs, which nvidia-smi"),
        ("MemoryError: \n", 1, False, "MemoryError", "end other programs"),
        ("", -signal.SIGSEGV, False, "ended by SIGSEGV", "pip install --force-reinstall"),
        ("last words\n\n", 3, False, "last words", "pip install"),
        ("", 3, False, "it ended without a word", "pip install"),
    ],
)
def test_the_end_of_a_training_is_explained(
    said: str, code: int, has_gpu: bool, found: str, remedy: str
) -> None:
    reason, advice = explain_end("training", code, said, has_gpu=has_gpu)

    assert found in reason
    assert remedy in advice


def test_numpy_that_is_too_new_or_old_for_tensorflow_is_to_be_installed_with_it() -> None:
    said = "A module that was compiled using NumPy 1.x cannot be run\nImportError: numpy failed\n"
    _, advice = explain_end("tensorflow", 1, said, has_gpu=False)

    assert advice.startswith("pip install --force-reinstall 'numpy>=")
