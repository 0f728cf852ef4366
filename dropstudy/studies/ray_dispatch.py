"""Deals a study's jobs out to a Ray cluster, and those of lost nodes out again."""

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from dropstudy.errors import StudyError
from dropstudy.studies.jobs import ENDS, Event, Job
from dropstudy.studies.ray_cluster import Order
from dropstudy.studies.ray_losses import go_on_with
from dropstudy.studies.ray_trainer import Trainer, Way

MOST_LOSSES = 3
"""How many nodes a job may lose until it counts as the reason."""
_LOOK_SECONDS = 0.5


class Dispatch:
    """The jobs that wait, and as many trainers as the cluster has room for."""

    def __init__(self, order: Order, *, slots: int, tell: Callable[[Event], None]) -> None:
        """Starts nothing yet.

        Args:
            order: What is to be done.
            slots: How many runs the cluster has room for.
            tell: Told of everything that happens to a job, by one thread at a time.
        """
        self._order = order
        self._count = min(slots, len(order.jobs))
        self._tell_study = tell
        self._waiting = deque(order.jobs)
        self._paths: dict[int, str] = {}
        self._losses: Counter[int] = Counter()
        self._trainers: set[Any] = set()
        self._lock = threading.RLock()
        self._is_stopped = False
        self._fault: RayError | None = None

    def run(self) -> None:
        """Returns once every job has had its end, or has been stopped.

        Raises:
            StudyError: No node trains any more, and there are jobs left.
        """
        threads = [
            threading.Thread(target=self._attend, args=(number,)) for number in range(self._count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._waiting:
            raise StudyError(
                "no worker can be started on the Ray cluster any more: "
                f"{_last_line(self._fault)}; go on with --resume once it can"
            )

    def stop(self) -> None:
        """Begins nothing more, and has what trains saved."""
        with self._lock:
            self._is_stopped = True
            self._waiting.clear()
            for trainer in self._trainers:
                trainer.end.remote()

    def _attend(self, number: int) -> None:
        """Has jobs done one after the other while there are any; gives its room back then."""
        while self._waiting:
            try:
                trainer = self._hire(number)
            except RayError as error:
                self._note(f"worker {number} cannot be started: {_last_line(error)}")
                self._fault = error
                return
            if trainer is None:
                return
            job: Job | None = None
            try:
                while (job := self._next()) is not None:
                    self._train(trainer, job)
                ray.get(trainer.end.remote())
            except RayError as error:
                if job is not None:
                    self._dismiss(trainer)  # it may come back, and must not go on then
                    self._go_on_without(job, error)
            finally:
                self._dismiss(trainer)

    def _hire(self, number: int) -> Any:
        """Waits until the cluster has room; None: there is nothing left to be done.

        Raises:
            RayError: No trainer can be begun.
        """
        trials = 0
        while True:
            trainer, begun = self._ask_for_trainer(number)
            while not ray.wait([begun], timeout=_LOOK_SECONDS)[0]:
                if not self._waiting:
                    self._dismiss(trainer)
                    return None
            try:
                ray.get(begun)
            except RayError as error:
                self._dismiss(trainer)
                trials += 1
                if isinstance(error, RayTaskError) or trials > MOST_LOSSES:
                    raise
                time.sleep(_LOOK_SECONDS)  # until Ray knows, too, that the node is lost
                continue
            with self._lock:
                self._trainers.add(trainer)
            return trainer

    def _ask_for_trainer(self, number: int) -> tuple[Any, Any]:
        order = self._order
        way = Way(
            cores=order.cpus,
            has_gpu=order.gpus > 0,
            beside=self._count - 1,
            folder=str(Path.cwd()),
            log=str(Path(order.log).with_suffix(f".{number}.txt")),
        )
        trainer = (
            ray.remote(Trainer)
            .options(
                num_cpus=order.cpus,
                num_gpus=order.gpus,
                max_restarts=0,
                max_concurrency=2,  # to be ended while it trains
                scheduling_strategy="SPREAD",
            )
            .remote(way)
        )
        return trainer, trainer.begin.remote()

    def _next(self) -> Job | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _train(self, trainer: Any, job: Job) -> None:
        try:
            lines = trainer.train.options(num_returns="streaming").remote(job.to_line())
            for line in lines:
                event = Event.from_line(ray.get(line))
                self._tell(event)
                if event.stage in ENDS:  # what is lost from now on is not this job
                    return
        except RayTaskError as error:
            self._tell(Event(job.number, "crashed", self._paths.get(job.number), error=str(error)))

    def _tell(self, event: Event) -> None:
        with self._lock:
            if event.path is not None:
                self._paths[event.number] = event.path
            self._tell_study(event)

    def _dismiss(self, trainer: Any) -> None:
        with self._lock:
            self._trainers.discard(trainer)
        with suppress(RayError):
            ray.kill(trainer)

    def _go_on_without(self, job: Job, error: RayError) -> None:
        """Has a job whose node is lost done by another, from the run that was begun there."""
        self._note(f"{_name(job)}: its node was lost: {_first_line(error)}")
        with self._lock:
            self._losses[job.number] += 1
            path = self._paths.get(job.number)
        found = go_on_with(job, path, is_wanted=lambda: not self._is_stopped)
        with self._lock:
            if isinstance(found, Event):
                self._tell(found)
            elif self._is_stopped:
                self._tell(Event(job.number, "interrupted", found.resume))
            elif self._losses[job.number] > MOST_LOSSES:
                error_text = (
                    f"its node was lost {self._losses[job.number]} times, for which it may be the "
                    f"reason; the last time: {_first_line(error)}"
                )
                self._tell(Event(job.number, "crashed", found.resume, error=error_text))
            else:
                self._note(f"{_name(job)}: goes on from {found.resume or 'its beginning'}")
                self._waiting.appendleft(found)

    def _note(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        sys.stderr.write(f"{now} {text}\n")
        sys.stderr.flush()


def _name(job: Job) -> str:
    return f"{job.settings['name']}, seed {job.settings['seed']}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _last_line(error: Exception | None) -> str:
    """Of a traceback, what it says."""
    return str(error).strip().splitlines()[-1]
