"""Real studies on a real Ray cluster, one of whose nodes is lost."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dropstudy.config.study_loading import load_study
from dropstudy.errors import StudyError
from dropstudy.runs.manifests import list_manifests
from dropstudy.runs.reading import Run
from dropstudy.runs.store import find_runs
from dropstudy.studies.conducting import conduct
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.jobs import Event, Job
from dropstudy.studies.plan import Plan, make_plan
from dropstudy.studies.progress import Place, find_jobs, survey
from dropstudy.studies.ray_cluster import RayExecutor
from tests.cluster.conftest import ADDRESSES, AddNode
from tests.faults.processes import CONFIG
from tests.studies.test_kills import STUDY

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = [
    pytest.mark.ray,
    # Ray leaves files open; Python meets them at any time.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MEASURED = ("second", "bytes")
"""In the names of what differs from run to run."""


def _plan(folder: Path) -> tuple[StudyDirectory, Plan]:
    folder.mkdir(exist_ok=True)
    (folder / "base.yaml").write_text(CONFIG)
    (folder / "study.yaml").write_text(STUDY)
    directory = StudyDirectory(folder / "studies" / "trial")
    directory.runs.mkdir(parents=True)
    return directory, make_plan(load_study(folder / "study.yaml"))


def _conduct(
    directory: StudyDirectory,
    plan: Plan,
    cluster: "Cluster",
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[Place]:
    executor = RayExecutor(cluster.address, log=directory.workers_log)
    return conduct(
        directory,
        plan,
        executor,
        on_timing=lambda _: None,
        on_begin=lambda _: None,
        on_event=on_event,
        on_stop=lambda: None,
    )


def _rows(places: list[Place]) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                key: value
                for key, value in asdict(record).items()
                if not any(word in key for word in MEASURED)
            }
            for record in _run_of(place).epochs
        ]
        for place in places
    ]


def _run_of(place: Place) -> Run:
    assert place.run is not None
    return place.run


@pytest.fixture(scope="module")
def undisturbed(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    """A study trained by one node alone."""
    return _conduct(*_plan(tmp_path_factory.mktemp("undisturbed")), cluster)


def test_a_study_is_trained_with_as_many_threads_as_asked_for(undisturbed: list[Place]) -> None:
    assert [place.state for place in undisturbed] == ["finished"] * 4
    for place in undisturbed:
        environment = _run_of(place).environment
        assert (environment["runtime"]["threads"], environment["cores"]) == (1, 1)
        assert environment["runs_beside"] == 0


def test_runs_of_a_node_that_is_lost_go_on_on_another_as_if_it_had_not_been(
    tmp_path: Path, cluster: "Cluster", add_node: AddNode, undisturbed: list[Place]
) -> None:
    other = add_node()
    directory, plan = _plan(tmp_path)
    heard: list[Event] = []
    epochs: dict[int, int] = {}

    def on_event(event: Event) -> None:
        heard.append(event)
        if event.stage == "epoch":
            epochs[event.number] = event.epoch
        # One of the two is on the node.
        if other in cluster.worker_nodes and epochs.get(0, 0) and epochs.get(1, 0):
            cluster.remove_node(other, allow_graceful=False)

    places = _conduct(directory, plan, cluster, on_event)

    assert other not in cluster.worker_nodes
    assert [place.state for place in places] == ["finished"] * 4
    assert len(find_runs(directory.runs)) == 4
    assert sorted(event.number for event in heard if event.stage == "finished") == [0, 1, 2, 3]
    assert not directory.failures.exists()
    taken_up = [place for place in places if _run_of(place).resumes]
    assert len(taken_up) == 1
    assert _run_of(taken_up[0]).resumes[0].epoch >= 2
    assert _run_of(taken_up[0]).environment["runs_beside"] == 1
    assert _rows(places) == _rows(undisturbed)
    assert all(len(row) > 10 and row["train_loss"] > 0 for rows in _rows(places) for row in rows), (
        "there is something to compare"
    )
    assert "its node was lost" in directory.workers_log.read_text()


def test_what_trains_is_saved_when_the_study_is_interrupted(
    tmp_path: Path, cluster: "Cluster", add_node: AddNode
) -> None:
    add_node()
    directory, plan = _plan(tmp_path)
    jobs = find_jobs(directory, survey(directory, plan))
    executor = RayExecutor(cluster.address, log=directory.workers_log)
    begun: set[int] = set()
    with executor.run(jobs) as events:
        for event in events:
            begun |= {event.number} if event.stage == "begun" else set()
            if len(begun) == 2:
                break

    places = survey(directory, plan)
    assert [place.state for place in places] == ["interrupted", "interrupted", "waiting", "waiting"]
    assert all(list_manifests(_run_of(place).directory) for place in places[:2])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has folders of each process's own")
def test_a_node_that_does_not_share_the_directory_is_named(
    tmp_path: Path, cluster: "Cluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under ``/proc/self/cwd`` every process sees the folder it was started in."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError) as caught:
        _refused(cluster, tmp_path, runs="/proc/self/cwd")

    assert str(caught.value) == (
        f"node {ADDRESSES[0]} of the Ray cluster: it does not share /proc/self/cwd: No such file "
        "or directory; the studies' directory must lie on a file system that every node has "
        "under the same path and may write: mount it there, or give another one with "
        "--studies-dir"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["workers.txt"]


def test_a_node_with_other_packages_is_named(
    tmp_path: Path, cluster: "Cluster", add_node: AddNode
) -> None:
    metadata = tmp_path / "site" / "dropstudy-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: dropstudy\nVersion: 0.0.1\n")
    add_node(1, env_vars={"PYTHONPATH": str(tmp_path / "site")})
    with pytest.raises(StudyError) as caught:
        _refused(cluster, tmp_path)

    assert f"node {ADDRESSES[1]} of the Ray cluster: it has dropstudy 0.0.1 (here " in str(
        caught.value
    )
    assert ADDRESSES[0] not in str(caught.value)


def test_a_node_without_dropstudy_is_named(
    tmp_path: Path, cluster: "Cluster", add_node: AddNode
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "dropstudy.py").write_text("raise ImportError\n")
    add_node(1, env_vars={"PYTHONPATH": str(tmp_path / "site")})
    with pytest.raises(StudyError, match=r"has no dropstudy that works; install it there: pip"):
        _refused(cluster, tmp_path)


def test_nodes_that_are_too_small_are_named(tmp_path: Path, cluster: "Cluster") -> None:
    with pytest.raises(StudyError) as caught:
        _refused(cluster, tmp_path, cpus=2, gpus=0.5)

    assert str(caught.value) == (
        f"--cpus 2 --gpus 0.5: no node of the Ray cluster has as many ({ADDRESSES[0]} has 1 CPUs "
        "and 0 GPUs); ask for less, or add a node: ray start --address=HEAD:PORT"
    )


def _refused(
    cluster: "Cluster", folder: Path, *, runs: str | None = None, cpus: int = 1, gpus: float = 0
) -> None:
    executor = RayExecutor(cluster.address, cpus=cpus, gpus=gpus, log=folder / "workers.txt")
    with executor.run([Job(0, runs or str(folder), {})]) as events:
        assert list(events) == []
