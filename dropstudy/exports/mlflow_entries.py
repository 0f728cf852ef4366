"""What MLflow is told of a run, in its own words: parameters, metrics, tags."""

import json
from typing import TYPE_CHECKING

from dropstudy.exports.content import (
    baseline_values,
    best_values,
    cost_values,
    end_seconds,
    epoch_end_seconds,
    epoch_values,
    final_scores,
    flatten_settings,
)
from dropstudy.runs.reading import Run

if TYPE_CHECKING:
    from mlflow.entities import Metric

LONGEST_PARAMETER = 6000
"""Characters that MLflow takes of a parameter's value."""
LONGEST_TAG = 8000
"""Characters that MLflow takes of a tag's value."""


def run_parameters(run: Run) -> dict[str, str]:
    """Every setting by its path, as JSON but for text, which stands as it is."""
    return {
        name: (value if isinstance(value, str) else json.dumps(value))[:LONGEST_PARAMETER]
        for name, value in flatten_settings(run.settings).items()
    }


def run_metrics(run: Run) -> "list[Metric]":
    """Each epoch's numbers, and at the last epoch those that a whole run has one of."""
    from mlflow.entities import Metric

    ends = {epoch: round(end * 1000) for epoch, end in epoch_end_seconds(run).items()}
    metrics = [
        Metric(name, value, ends[record.epoch], record.epoch)
        for record in run.epochs
        for name, value in epoch_values(record).items()
    ]
    totals = {f"best_{name}": value for name, value in best_values(run).items()}
    totals |= {f"test_{name}": value for name, value in final_scores(run).items()}
    for baseline, scores in baseline_values(run).items():
        totals |= {f"{baseline}_{name}": value for name, value in scores.items()}
    totals |= cost_values(run)
    step, end = max(ends, default=0), round(end_seconds(run) * 1000)
    return [*metrics, *(Metric(name, value, end, step) for name, value in totals.items())]


def run_tags(run: Run) -> dict[str, str]:
    """How it ended, and of what code and data it is; those alone that are known."""
    git = run.environment.get("git") or {}
    tags = {
        "dropstudy.status": run.status,
        "dropstudy.error": run.result.get("error"),
        "dropstudy.version": run.environment.get("packages", {}).get("dropstudy"),
        "dropstudy.data_fingerprint": run.environment.get("data_fingerprint"),
        "dropstudy.tags": ", ".join(map(str, run.settings.get("tags", []))),
        "dropstudy.git_changed": json.dumps(git["changed"]) if "changed" in git else None,
        "mlflow.source.git.commit": git.get("commit"),
        "mlflow.note.content": run.settings.get("notes"),
    }
    return {name: str(value)[:LONGEST_TAG] for name, value in tags.items() if value}
