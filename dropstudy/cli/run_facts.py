"""What ``dropstudy show`` says of a run in words, line by line."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from dropstudy.analysis.identity import describe_copying, input_returned
from dropstudy.cli.quantities import duration, file_size
from dropstudy.cli.run_columns import show_setting
from dropstudy.cli.run_rows import describe_dropout, describe_network
from dropstudy.runs.process import read_holder
from dropstudy.runs.reading import Run
from dropstudy.runs.settings import describe_task, flatten

Fact = tuple[str, str]
"""A name and a text; the text is as the run's files have it, so not to be trusted."""
HASH_LENGTH = 12


def describe_course(run: Run) -> Iterator[Fact]:
    """When it ran, for how long, and by which command."""
    environment, result = flatten(run.environment), run.result
    done = run.last.epoch if run.last else 0
    meant = flatten(run.settings).get("training.epochs", "?")
    taken = result.get("total_seconds")
    length = f" in {duration(taken)}" if isinstance(taken, int | float) else " so far"
    yield "started", f"{run.started[:16].replace('T', ' ')} UTC" if run.started else "not noted yet"
    yield "epochs", f"{done} of {meant}{length}{_explain_length(run, done, meant)}"
    yield from _describe_process(run)
    command = environment.get("command")
    if isinstance(command, list):
        program, *words = map(str, command) if command else ("",)
        yield "command", " ".join((program.rpartition("/")[2], *words))
    yield from _describe_history(run)
    for name in ("tags", "notes"):
        given = run.settings.get(name)
        if given:
            yield name, ", ".join(map(str, given)) if isinstance(given, list) else str(given)


def describe_experiment(run: Run) -> Iterator[Fact]:
    """Task, network, dropout and training."""
    settings, result = flatten(run.settings), run.result
    yield "task", describe_task(run.settings["task"])
    sizes = [f"{count} {unit}" for count, unit in _sizes(result)]
    yield "network", ", ".join((describe_network(settings), *sizes))
    draws = result.get("draws_per_step")
    drawn = "" if draws is None else f"; {draws:,} random numbers drawn a step"
    yield "dropout", describe_dropout(settings) + drawn
    kind, rate, schedule, loss, batch = (
        settings.get(f"training.{key}", "?")
        for key in (
            *("optimizer.kind", "optimizer.learning_rate", "schedule.kind"),
            *("loss", "batch_size"),
        )
    )
    steps = result.get("steps_per_epoch") or settings.get("training.steps_per_epoch")
    length = f"{steps} steps an epoch, each of" if steps else "steps of"
    yield (
        "training",
        f"{loss} by {kind} at {rate}, {schedule}; {length} {batch} patches of "
        f"{settings.get('data.patch_size', '?')} pixels; seed {settings.get('seed', '?')}",
    )


def describe_machine(run: Run) -> Iterator[Fact]:
    """Images, device, precision and software; nothing where it was not noted."""
    noted = flatten(run.environment)
    if not noted:
        return
    counts = [
        f"{len(noted[key])} {part}"
        for part in ("training", "validation", "test")
        if isinstance(noted.get(key := f"pictures.{part}"), list)
    ]
    prints = str(noted.get("data_fingerprint", "?"))[:HASH_LENGTH]
    yield "images", ", ".join((*counts, f"fingerprint {prints}"))
    models = noted.get("runtime.device_models") or [noted.get("processor", "?")]
    xla = "on" if noted.get("runtime.xla") else "off"
    yield (
        "device",
        f"{noted.get('runtime.device', '?')}: {', '.join(map(str, models))}, "
        f"{noted.get('runtime.threads', '?')} threads, XLA {xla}",
    )
    reason = noted.get("runtime.precision_reason")
    yield "precision", f"{noted.get('runtime.precision', '?')}" + (f": {reason}" if reason else "")
    packages = _within(noted, "packages")
    versions = [f"{name} {version}" for name, version in packages.items() if version]
    yield "software", ", ".join((f"Python {noted.get('python', '?')}", *versions))
    if "git.commit" in noted:
        changed = ", with changes" if noted.get("git.changed") else ""
        yield "git", f"{str(noted['git.commit'])[:HASH_LENGTH]}{changed}"


def describe_input(run: Run) -> Iterator[Fact]:
    """How much of its input the best network returns; nothing where `warn_of_copy` says it."""
    copying = describe_copying(run.best) if run.best else ""
    if copying and not input_returned(run):
        yield "input", f"{copying} in the best epoch (a ratio of 1 returns it)"


def warn_of_copy(run: Run) -> str:
    """Says so where the best network returns its input."""
    if run.best is None or not input_returned(run):
        return ""
    return f"returns its input: {describe_copying(run.best)} in validation"


def describe_cost(run: Run) -> Iterator[Fact]:
    """Seconds an epoch, the first step apart, speed and memory."""
    epochs = run.epochs
    if not epochs:
        return
    later = epochs[1:]
    if later:
        times = [epoch.train_seconds for epoch in later]
        yield (
            "training",
            f"{median(times):.2f} s an epoch (median of {len(times)} after the first, "
            f"{min(times):.2f} to {max(times):.2f})",
        )
        steps = 1000 * median(epoch.step_seconds for epoch in later)
        speed = median(epoch.images_per_second for epoch in later)
        share = sum(epoch.wait_seconds for epoch in later) / (sum(times) or 1)
        yield (
            "a step",
            f"{steps:.1f} ms, {speed:,.0f} images/s; {share:.1%} of the time without a batch ready",
        )
    first = epochs[0]
    yield "first step", f"{first.first_step_seconds:.2f} s, compiling included"
    rest = later or epochs
    yield (
        "beside it",
        f"validation {median(epoch.val_seconds for epoch in rest):.2f} s, "
        f"all else {median(epoch.other_seconds for epoch in rest):.2f} s an epoch (medians)",
    )
    # Of a resumed run, each process begins anew with what it holds.
    graphics = max(epoch.peak_gpu_memory_bytes or 0 for epoch in epochs)
    on_gpu = f", {file_size(graphics)} on the GPU" if graphics else ""
    yield (
        "memory",
        f"{file_size(max(epoch.peak_memory_bytes for epoch in epochs))} at its peak{on_gpu}",
    )


def _explain_length(run: Run, done: int, meant: Any) -> str:
    match run.status:
        case "running":
            return "; it goes on"
        case "crashed":
            return "; its process is gone: it was killed, or the machine went down"
        case "unfinished":
            return "; it goes on, or its process was killed"
    if run.status != "finished" or not isinstance(meant, int) or done >= meant:
        return ""
    limit = flatten(run.settings).get("training.seconds")
    spent = sum(epoch.train_seconds for epoch in run.epochs)
    if isinstance(limit, int | float) and spent >= limit:
        return f"; its {duration(limit)} of training were over"
    return "; stopped early"


def _describe_process(run: Run) -> Iterator[Fact]:
    """Who writes it while it goes on, and how to go on when nobody does."""
    from dropstudy.runs.manifests import can_go_on

    holder = read_holder(run.directory)
    if holder and run.status in ("running", "unfinished"):
        yield "process", f"{holder.pid} on {holder.host}, since {holder.since}"
    if run.status not in ("running", "finished") and can_go_on(run.directory):
        yield "go on with", run.directory.resume_command


def _describe_history(run: Run) -> Iterator[Fact]:
    """How often it was taken up again, and what was changed on the way."""
    known = run.resumes
    count = max(len(known), run.result.get("resumes", 0))
    if count:
        times = "1 time" if count == 1 else f"{count} times"
        last = f", {'last ' if count > 1 else ''}{known[-1]}" if known else ""
        yield "resumed", times + last
    for difference in dict.fromkeys(text for resume in known for text in resume.differences):
        yield "elsewhere", difference
    for change in run.changes:
        why = f" ({change.reason})" if change.reason else ""
        values = f"{show_setting(change.old)} → {show_setting(change.new)}"
        yield "changed", f"{change.key} {values}{why}"


def _sizes(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if result.get("parameters"):
        yield f"{result['parameters']:,}", "parameters"
    if result.get("multiply_adds"):
        yield f"{result['multiply_adds'] / 1e6:,.0f} million", "multiply-adds a patch"


def _within(flat: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The part of flattened data below a key; a package's name may hold no dot."""
    start = f"{section}."
    return {key.removeprefix(start): value for key, value in flat.items() if key.startswith(start)}
