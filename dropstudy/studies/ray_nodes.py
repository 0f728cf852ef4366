"""The nodes of a Ray cluster: how many runs each has room for, and whether it can train them."""

import shutil
import socket
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dropstudy.errors import StudyError
from dropstudy.runs.environment import describe_environment

ANSWER_SECONDS = 120.0
"""How long a node may take to answer; the first task on a node starts a Python there."""
JOIN_SECONDS = 20.0
"""How long a node may be listed as alive before tasks can be sent to it: it has just joined."""
SEEN_SECONDS = 30.0
"""How long what a node wrote may take until it is seen here: NFS looks again after a while."""


@dataclass(frozen=True)
class Node:
    """A living node with room for a run.

    Attributes:
        id: Ray's.
        address: Its IP address.
        slots: How many runs it has room for.
    """

    id: str
    address: str
    slots: int


def find_nodes(*, cpus: int, gpus: float) -> list[Node]:
    """The living nodes on which a run has the cores and GPUs that it asks for.

    Raises:
        StudyError: There is none; the text says what each node has.
    """
    living = [node for node in ray.nodes() if node["Alive"]]
    nodes = [
        Node(node["NodeID"], node["NodeManagerAddress"], _count_slots(node, cpus, gpus))
        for node in living
    ]
    if not any(node.slots for node in nodes):
        has = "; ".join(
            f"{node['NodeManagerAddress']} has {_amount(node, 'CPU'):g} CPUs and "
            f"{_amount(node, 'GPU'):g} GPUs"
            for node in living
        )
        raise StudyError(
            f"--cpus {cpus} --gpus {gpus:g}: no node of the Ray cluster has as many ({has}); "
            "ask for less, or add a node: ray start --address=HEAD:PORT"
        )
    return [node for node in nodes if node.slots]


def check_nodes(nodes: Sequence[Node], folder: str) -> list[Node]:
    """Makes sure that each node can train: the same packages, and the same directory.

    A node that is about to leave may pass for living for a while, though Ray sends no task to
    it: it is left out.

    Args:
        nodes: Which.
        folder: Where runs are written.

    Returns:
        Those that train.

    Raises:
        StudyError: One cannot, or none can be reached; the text names every such node and what
            to do.
    """
    packages = describe_environment()["packages"]
    common = Path(tempfile.mkdtemp(prefix=".cluster-", dir=folder))
    try:
        token = f"{socket.gethostname()} {common.name}"
        (common / "token").write_text(token, encoding="utf-8")
        answers = _ask(nodes, common, token)
        faults = []
        reached = [node for node, answer in zip(nodes, answers, strict=True) if answer is not None]
        for node, answer in zip(nodes, answers, strict=True):
            if answer is None and reached:
                continue
            written = common / node.id
            if answer is None:
                fault: str | None = "no task can be sent to it; is it about to leave?"
            elif isinstance(answer, str):
                fault = answer
            else:
                fault = _judge(answer, packages, written, token)
            if fault:
                faults.append(f"node {node.address} of the Ray cluster: {fault}")
    finally:
        shutil.rmtree(common, ignore_errors=True)
    if faults:
        raise StudyError("\n".join(faults))
    return reached


def _count_slots(node: dict[str, Any], cpus: int, gpus: float) -> int:
    slots = _amount(node, "CPU") // cpus
    return int(min(slots, (_amount(node, "GPU") + 1e-6) // gpus) if gpus else slots)


def _amount(node: dict[str, Any], resource: str) -> float:
    return float(node["Resources"].get(resource, 0))


def _ask(nodes: Sequence[Node], common: Path, token: str) -> list[dict[str, Any] | str | None]:
    """What each node answers; words where it does not, None where no task can be sent to it."""

    # Within a function, it travels as a whole: a node may lack dropstudy.
    def answer(folder: str, token: str, name: str) -> dict[str, Any]:
        import json
        import pathlib
        import subprocess
        import sys

        code = (
            "import json\n"
            "from dropstudy.runs.environment import describe_environment\n"
            "print(json.dumps(describe_environment()['packages']))"
        )
        said = subprocess.run(  # as the worker is started, which Ray's own paths do not reach
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
        )
        packages = json.loads(said.stdout) if said.returncode == 0 else None
        place = pathlib.Path(folder)
        fault = None
        try:
            if (place / "token").read_text(encoding="utf-8") == token:
                (place / name).write_text(token, encoding="utf-8")
            else:
                fault = "another file is in its place"
        except OSError as error:
            fault = error.strerror or repr(error)
        return {"python": sys.executable, "packages": packages, "fault": fault}

    def ask(node: Node) -> Any:
        there = NodeAffinitySchedulingStrategy(node.id, soft=False)
        task = ray.remote(answer).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
        return task.remote(str(common), token, node.id)

    asked = [ask(node) for node in nodes]
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        ray.wait(asked, num_returns=len(asked), timeout=ANSWER_SECONDS)
        answers = [_get(ref) for ref in asked]
        if None not in answers or time.monotonic() > deadline:
            return answers
        time.sleep(0.5)
        asked = [
            ask(node) if own is None else ref
            for node, ref, own in zip(nodes, asked, answers, strict=True)
        ]


def _get(ref: Any) -> dict[str, Any] | str | None:
    """The answer, or words; None where no task can be sent to the node yet."""
    try:
        answer: dict[str, Any] = ray.get(ref, timeout=0.1)
    except ray.exceptions.TaskUnschedulableError:
        return None
    except ray.exceptions.GetTimeoutError:
        return f"it does not answer within {ANSWER_SECONDS:g} s; is it stopped?"
    except ray.exceptions.RayError as error:
        return f"it cannot be asked: {str(error).strip().splitlines()[-1]}"
    return answer


def _judge(
    answer: dict[str, Any], packages: dict[str, str | None], written: Path, token: str
) -> str | None:
    """What is wrong with a node; None: nothing."""
    if answer["packages"] is None:
        return (
            f"{answer['python']}, on which Ray runs there, has no dropstudy that works; install "
            f'it there: pip install "dropstudy[ray]=={packages["dropstudy"]}"'
        )
    others = [
        f"{name} {version} (here {packages[name]})"
        for name, version in answer["packages"].items()
        if version != packages.get(name)
    ]
    if others:
        return f"it has {', '.join(others)}; install the same versions, or runs would differ by it"
    if answer["fault"] or not _is_seen(written, token):
        what = answer["fault"] or "what it writes there is not seen here"
        return (
            f"it does not share {written.parent.parent}: {what}; the studies' directory must lie "
            "on a file system that every node has under the same path and may write: mount it "
            "there, or give another one with --studies-dir"
        )
    return None


def _is_seen(written: Path, token: str) -> bool:
    deadline = time.monotonic() + SEEN_SECONDS
    while True:
        try:
            if written.read_text(encoding="utf-8") == token:
                return True
        except OSError:
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
