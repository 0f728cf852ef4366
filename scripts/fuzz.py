"""Looks for configs and run directories that break dropstudy, led by what each input reaches.

    python scripts/fuzz.py                    # both targets, 60 seconds each
    python scripts/fuzz.py --seconds 600      # the same for longer
    python scripts/fuzz.py --target config    # configs alone
    python scripts/fuzz.py --target run --input build/fuzz/run-crash-…   # one input again

It starts from the shipped configs and the runs of tests/data, and goes on from what it found
before. What must hold is in tests/hostile/targets.py. It needs atheris, of the extra ``fuzz``.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "build" / "fuzz"
"""Inputs that reach something new, and those that break something."""
CONFIGS = (*sorted(ROOT.glob("configs/*.yaml")), ROOT / "dropstudy" / "config" / "starter.yaml")
RUNS = sorted((ROOT / "tests" / "data" / "runs").iterdir())
FILES = (
    *("config.json", "environment.json", "result.json"),
    *("epochs.jsonl", "images.jsonl", "config.yaml"),
)
"""What is changed of a run; an input's first byte says which, the others are its content."""
TARGETS = ("config", "run")
MOST_SECONDS = 20
"""For one input; longer counts as a failure."""
MOST_MEBIBYTES = 3000

sys.path.insert(0, str(ROOT))  # for tests.hostile.targets


def main() -> None:
    """Fuzzes one target after the other; exits with 1 if an input broke one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=TARGETS, help="this one alone")
    parser.add_argument("--input", type=Path, help="run this input of --target alone, once")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)  # used by itself
    arguments = parser.parse_args()
    if arguments.within:
        fuzz_here(arguments.target, arguments.within, seconds=arguments.seconds)
    elif arguments.input:
        if not arguments.target:
            parser.error("--input: say of which --target")
        with tempfile.TemporaryDirectory() as folder:
            make_check(arguments.target, Path(folder))(arguments.input.read_bytes())
        print(f"{arguments.input}: holds")
    else:
        targets = [arguments.target] if arguments.target else TARGETS
        failures = [target for target in targets if not fuzz(target, seconds=arguments.seconds)]
        sys.exit(1 if failures else 0)


def fuzz(target: str, *, seconds: int) -> bool:
    """Fuzzes in a process of its own, which libFuzzer ends; prints what broke it.

    Returns:
        Whether nothing did.
    """
    corpus = FOUND / target
    corpus.mkdir(parents=True, exist_ok=True)
    write_seeds(target, corpus)
    known = set(FOUND.iterdir())
    print(f"{target}: {seconds} seconds from {len(list(corpus.iterdir()))} inputs", flush=True)
    with tempfile.TemporaryDirectory(prefix="dropstudy-fuzz-") as folder:
        command = [sys.executable, __file__, "--target", target, "--within", folder]
        done = subprocess.run(
            [*command, "--seconds", str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            check=False,
        )
    lines = done.stdout.splitlines()
    if done.returncode == 0:
        summary = [line for line in lines if line.startswith("Done ")]
        print(f"{target}: {' '.join(summary) or 'done'}, nothing broke")
        return True
    told = [line for line in lines if not line.startswith(("INFO:", "WARNING:"))]
    print("\n".join(told[-60:]))
    for path in sorted(set(FOUND.iterdir()) - known):
        saved = path.relative_to(ROOT)
        print(f"\n{target}: broken by {path.read_bytes()[:400]!r}")
        print(f"saved in {saved}; again: python scripts/fuzz.py --target {target} --input {saved}")
    return False


def fuzz_here(target: str, folder: Path, *, seconds: int) -> None:
    """Fuzzes in this process and ends it, with 0 if nothing broke."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is missing: pip install 'dropstudy[fuzz]'")
    with atheris.instrument_imports(include=["dropstudy", "yaml"]):
        check = make_check(target, folder)
    options = (
        f"-max_total_time={seconds}",
        f"-timeout={MOST_SECONDS}",
        f"-rss_limit_mb={MOST_MEBIBYTES}",
        f"-artifact_prefix={FOUND}/{target}-",
        f"-dict={write_words(folder)}",
        "-max_len=20000",
        "-print_final_stats=0",
    )
    atheris.Setup([sys.argv[0], str(FOUND / target), *options], check)
    atheris.Fuzz()


def make_check(target: str, folder: Path) -> Callable[[bytes], None]:
    """What takes an input and fails if it breaks something; it works in ``folder``."""
    from tests.hostile.targets import read_config, read_run

    def check_config(content: bytes) -> None:
        path = folder / "fuzzed.yaml"
        path.write_bytes(content)
        read_config(path)

    copy = folder / "runs" / "fuzzed-0"
    if target == "run":
        shutil.copytree(RUNS[0], copy)

    def check_run(content: bytes) -> None:
        path = copy / FILES[content[0] % len(FILES) if content else 0]
        whole = path.read_bytes()
        path.write_bytes(content[1:])
        try:
            read_run(copy)
        finally:
            path.write_bytes(whole)

    return check_config if target == "config" else check_run


def write_words(folder: Path) -> Path:
    """Writes the words of a config, and odd ones, for the fuzzer to put together."""
    from dropstudy.config.schema import experiment_schema
    from tests.hostile.mutations import ODD_BYTES

    known = re.findall(r'"(\w+)"', json.dumps(experiment_schema()))
    words = {word.encode() for word in known} | {word for word in ODD_BYTES if 0 < len(word) < 50}
    path = folder / "words.dict"
    lines = ["".join(f"\\x{byte:02x}" for byte in word) for word in sorted(words)]
    path.write_text("".join(f'"{line}"\n' for line in lines))
    return path


def write_seeds(target: str, corpus: Path) -> None:
    """Writes the inputs to start from."""
    if target == "config":
        for path in CONFIGS:
            (corpus / path.name).write_bytes(path.read_bytes())
        return
    for run in RUNS:
        for number, name in enumerate(FILES):
            content = (run / name).read_bytes()
            (corpus / f"{run.name}-{name}").write_bytes(bytes([number]) + content)


if __name__ == "__main__":
    main()
