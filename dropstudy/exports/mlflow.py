"""Runs in MLflow: on a server, in a database or in a folder."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dropstudy.errors import ExportError
from dropstudy.exports.content import end_seconds, pictures, start_seconds
from dropstudy.exports.mlflow_entries import run_metrics, run_parameters, run_tags
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities import Run as MlflowRun

Point = tuple[str, int, float]
"""A metric's name, its step and its value."""

RUN_TAG = "dropstudy.run"
"""By which a run that was exported before is found again."""

_STATUS = {
    "finished": "FINISHED",
    "interrupted": "KILLED",
    "failed": "FAILED",
    "crashed": "KILLED",
}
"""Of a run that ended; another one may go on."""
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_MOST_METRICS = 1000  # in one request
_MOST_PARAMETERS = 100


class MlflowStore:
    """One of MLflow's experiments, to which runs are logged."""

    def __init__(self, uri: str, experiment: str, *, with_model: bool = False) -> None:
        """Opens the experiment, or makes it.

        Args:
            uri: Of a server (``http://…``), a database (``sqlite:///…``) or a folder.
            experiment: The name of MLflow's experiment.
            with_model: Whether networks are logged too.

        Raises:
            ExportError: The extra ``mlflow`` is not installed, or MLflow refuses.
        """
        scheme = urlsplit(uri).scheme
        self._is_folder = scheme in ("", "file") and uri != "databricks"
        self._uri, self._with_model = uri, with_model
        _set_up_mlflow(folder=self._is_folder)
        try:
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise ExportError(
                "--mlflow needs the extra 'mlflow': pip install 'dropstudy[mlflow]'"
            ) from None
        if scheme.partition("+")[0] in _DATABASES and not find_spec("sqlalchemy"):
            raise self._error("a database needs all of MLflow: pip install mlflow")
        plain_folder = self._is_folder and not scheme
        with self._explained(), _few_retries():
            self._client = MlflowClient(Path(uri).resolve().as_uri() if plain_folder else uri)
            known = self._client.get_experiment_by_name(experiment)
            self._experiment_id = (
                known.experiment_id if known else self._client.create_experiment(experiment)
            )

    @property
    def hint(self) -> str:
        """How to look at what was exported."""
        shown = self._without_password(self._uri)
        if urlsplit(shown).scheme in ("http", "https"):
            return f"look at it at: {shown}"
        # Of a folder, MLflow 3 asks that one says so.
        leave = "MLFLOW_ALLOW_FILE_STORE=true " if self._is_folder else ""
        return f"look at it with: {leave}mlflow ui --backend-store-uri {shlex.quote(shown)}"

    def export(self, run: Run) -> str:
        """Logs a run and returns where; what was logged of it before is not logged again.

        MLflow takes nothing back: if a run says something else than when it was exported last,
        MLflow's run is put in its trash and a new one made.

        Raises:
            ExportError: MLflow cannot be reached, or refuses.
            RunDirectoryError: The run cannot be read.
        """
        parameters, metrics = run_parameters(run), run_metrics(run)
        with self._explained():
            old = self._find(run)
            points = self._logged_points(old, metrics) if old else set()
            if old and _contradicts(old, points, parameters, metrics):
                self._client.delete_run(old.info.run_id)
                old, points = None, set()
            run_id = old.info.run_id if old else self._create(run)
            present = old.data.params if old else {}
            self._log_parameters(
                run_id, {name: text for name, text in parameters.items() if name not in present}
            )
            self._log_metrics(run_id, [item for item in metrics if _point(item) not in points])
            self._log_files(run_id, run)
            self._end(run_id, run)
        return self._without_password(f"{self._uri} {run_id}")

    def _find(self, run: Run) -> "MlflowRun | None":
        """The MLflow run that this run was logged to before."""
        quote = '"' if "'" in run.name else "'"
        found = self._client.search_runs(
            [self._experiment_id], f"tags.`{RUN_TAG}` = {quote}{run.name}{quote}", max_results=1
        )
        return found[0] if found else None

    def _logged_points(self, old: "MlflowRun", metrics: "list[Metric]") -> set[Point]:
        names = {item.key for item in metrics} & old.data.metrics.keys()
        histories = (self._client.get_metric_history(old.info.run_id, name) for name in names)
        return {_point(item) for history in histories for item in history}

    def _create(self, run: Run) -> str:
        created = self._client.create_run(
            self._experiment_id,
            start_time=round(start_seconds(run) * 1000),
            run_name=run.name,
            tags={RUN_TAG: run.name},
        )
        return str(created.info.run_id)

    def _log_parameters(self, run_id: str, parameters: dict[str, str]) -> None:
        from mlflow.entities import Param

        rows = [Param(name, text) for name, text in parameters.items()]
        for first in range(0, len(rows), _MOST_PARAMETERS):
            self._client.log_batch(run_id, params=rows[first : first + _MOST_PARAMETERS])

    def _log_metrics(self, run_id: str, metrics: "list[Metric]") -> None:
        for first in range(0, len(metrics), _MOST_METRICS):
            self._client.log_batch(run_id, metrics=metrics[first : first + _MOST_METRICS])

    def _log_files(self, run_id: str, run: Run) -> None:
        directory = run.directory
        files = [directory.config, directory.environment, directory.epochs_table, directory.result]
        for file in (*files, *([directory.model] if self._with_model else [])):
            if file.is_file():
                self._client.log_artifact(run_id, str(file))
        for picture in pictures(run):
            self._client.log_artifact(run_id, str(picture.file), picture.file.parent.name)

    def _end(self, run_id: str, run: Run) -> None:
        from mlflow.entities import RunTag

        tags = [RunTag(name, value) for name, value in run_tags(run).items()]
        self._client.log_batch(run_id, tags=tags)
        if run.status in _STATUS:
            end = round(end_seconds(run) * 1000)
            self._client.set_terminated(run_id, _STATUS[run.status], end_time=end)
        else:
            self._client.update_run(run_id, status="RUNNING")

    def _without_password(self, text: str) -> str:
        password = urlsplit(self._uri).password
        return text.replace(f":{password}@", ":***@") if password else text

    def _error(self, reason: str) -> ExportError:
        return ExportError(self._without_password(f"--mlflow {self._uri}: {reason}"))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Says in one line, and of which store, why MLflow failed."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, OSError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise self._error(reason) from None


def _point(metric: "Metric") -> Point:
    return metric.key, metric.step, metric.value


def _contradicts(
    old: "MlflowRun", points: set[Point], parameters: dict[str, str], metrics: "list[Metric]"
) -> bool:
    """Whether MLflow holds a setting, or a number of an epoch, that the run has no more."""
    if any(old.data.params.get(name, text) != text for name, text in parameters.items()):
        return True
    of_epochs = {field.name for field in fields(EpochRecord)}
    return not {point for point in points if point[0] in of_epochs} <= set(map(_point, metrics))


def _set_up_mlflow(*, folder: bool) -> None:
    """Decides, before MLflow is imported, what it would decide for itself."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # else it reports each call to its makers
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    if folder:  # MLflow 3 would rather have a database, but whoever names a folder wants one
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"


@contextmanager
def _few_retries() -> Iterator[None]:
    """For the first call: MLflow would try for minutes to reach a server that is not there."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name)
    os.environ[name] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
