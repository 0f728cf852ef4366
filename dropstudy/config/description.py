"""An experiment in a line, as headers and tables give it."""

from dropstudy.config.dropout import NoDropout
from dropstudy.config.dropout_schedule import ConstantRate
from dropstudy.config.experiment import Experiment
from dropstudy.config.setting import Setting, range_of
from dropstudy.config.task import Compose, Given, OneOf, TaskSetting


def describe_experiment(experiment: Experiment) -> str:
    """Task, network and dropout in one line."""
    architecture = experiment.architecture
    network = f"{architecture.kind} of {architecture.filters} filters, depth {architecture.depth}"
    if architecture.residual:
        network += ", residual output"
    return f"{describe_task(experiment.task)} · {network} · {describe_dropout(experiment)}"


def describe_task(task: TaskSetting) -> str:
    """The task and its numbers: ``pixelate, block 4``."""
    if isinstance(task, Compose):
        return " then ".join(_describe_numbers(step) for step in task.steps)
    if isinstance(task, OneOf):
        return " or ".join(map(describe_task, task.choices))
    if isinstance(task, Given):
        return "degraded images as given"
    return _describe_numbers(task)


def describe_dropout(experiment: Experiment) -> str:
    """Kind and rates of each group that has dropout, and how they change.

    Such as ``dropout: skip spatial 0.2; early until 0.5``.
    """
    parts = []
    for group, setting in experiment.dropout.by_group().items():
        levels = range(experiment.architecture.levels(group))
        if isinstance(setting, NoDropout) or not any(map(setting.rate_at, levels)):
            continue
        rates = setting.rate if isinstance(setting.rate, tuple) else (setting.rate,)
        parts.append(f"{group} {setting.kind} {'/'.join(f'{rate:g}' for rate in rates)}")
    if not parts:
        return "no dropout"
    schedule = experiment.dropout.schedule
    change = "" if isinstance(schedule, ConstantRate) else f"; {_describe_schedule(schedule)}"
    return "dropout: " + ", ".join(parts) + change


def _describe_schedule(schedule: Setting) -> str:
    return _describe_numbers(schedule).replace(",", "")


def _describe_numbers(setting: Setting) -> str:
    words = []
    for name in type(setting).model_fields:
        value = getattr(setting, name)
        if name == "kind":
            words.append(str(value).replace("_", " and "))
        elif isinstance(value, bool):
            words += [name] if value else []
        else:
            low, high = range_of(value)
            words.append(f"{name} {low:g}" + (f" to {high:g}" if high > low else ""))
    return ", ".join(words)
