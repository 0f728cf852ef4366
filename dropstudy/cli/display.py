"""What the terminal shows of a run: what it is, its epochs, how it ended."""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dropstudy.analysis.identity import describe_copying, is_copy
from dropstudy.cli.quantities import duration
from dropstudy.config.description import describe_dropout, describe_task
from dropstudy.runs.records import EpochRecord, RunResult, find_shortfall

if TYPE_CHECKING:  # importing it would start TensorFlow before its chatter has a log to go to
    from dropstudy.training.observing import Plan

_COLUMNS = (
    ("epoch", 5),
    ("train loss", 10),
    ("val loss", 8),
    ("val PSNR", 8),
    ("val SSIM", 8),
    ("train s", 7),
    ("val s", 5),
    ("other s", 7),
    ("img/s", 6),
)


class LineDisplay:
    """Prints a run as lines, and on a terminal a progress bar below them."""

    def __init__(self, console: Console) -> None:
        """Shows nothing yet; entering it starts the bar."""
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeRemainingColumn(compact=True),
            TextColumn("left in all"),
            console=console,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,  # it goes to the run's log: see divert_stderr
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._plan: Plan | None = None

    def __enter__(self) -> "LineDisplay":
        """Starts the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Takes the bar away."""
        self._progress.stop()

    def on_stage(self, text: str) -> None:
        """Names what the run does, in the bar or, without a terminal, on a line."""
        self._progress.update(self._task, description=text)
        if not self._console.is_terminal:
            self._console.print(f"{text} …")

    def on_note(self, text: str) -> None:
        """Says so in a line of its own."""
        self._console.print(f"[yellow]note[/yellow]        {escape(text)}")

    def on_start(self, plan: "Plan") -> None:
        """Introduces the run."""
        self._plan = plan
        experiment, runtime = plan.experiment, plan.runtime
        training, validation, test = plan.pictures
        devices = ", ".join(runtime.device_models or runtime.device_names)
        self._fact("run", f"[bold]{escape(str(plan.directory.path))}[/bold]")
        self._fact("task", describe_task(experiment.task))
        self._fact(
            "network",
            f"{experiment.architecture.kind}, {plan.parameters:,} parameters, "
            f"{plan.multiply_adds / 1e6:,.0f} million multiply-adds a patch",
        )
        self._fact("dropout", describe_dropout(experiment).removeprefix("dropout: "))
        self._fact(
            "images",
            f"{training} to train on ({plan.patches} patches of {experiment.data.patch_size} "
            f"pixels, {plan.steps_per_epoch} steps an epoch), {validation} to validate, "
            f"{test} to test",
        )
        self._fact(
            "device", f"{devices}, {runtime.threads} threads, XLA {'on' if runtime.xla else 'off'}"
        )
        self._fact("precision", f"{runtime.precision}: {runtime.precision_reason}")
        for name, scores in plan.baselines.items():
            method = scores.get("method", "the degraded image itself")
            self._fact(
                name, f"{scores['val_psnr']:.2f} dB, SSIM {scores['val_ssim']:.4f} ({method})"
            )
        heading = "  ".join(f"{title:>{width}}" for title, width in _COLUMNS)
        self._console.print(f"\n[bold]{heading}[/bold]")
        steps = plan.steps_per_epoch * experiment.training.epochs
        self._progress.update(self._task, description="compiling", total=steps)

    def on_step(self, epoch: int, step: int) -> None:
        """Moves the bar."""
        if self._plan is not None:
            done = (epoch - 1) * self._plan.steps_per_epoch + step
            self._progress.update(self._task, description=f"epoch {epoch}", completed=done)

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        """Adds a row to the table of epochs."""
        cells = (
            str(record.epoch),
            f"{record.train_loss:.5f}",
            f"{record.val_loss:.5f}",
            f"{record.val_psnr:.3f}",
            f"{record.val_ssim:.4f}",
            f"{record.train_seconds:.2f}",
            f"{record.val_seconds:.2f}",
            f"{record.other_seconds:.2f}",
            f"{record.images_per_second:.1f}",
        )
        row = "  ".join(
            f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
        )
        self._console.print(row + (" [green]*[/green]" if is_best else ""))

    def on_end(self, result: RunResult) -> None:
        """Says how it went, beside the baselines."""
        self._progress.stop()
        if result.status == "interrupted":
            self._console.print(
                f"\n[yellow]interrupted[/yellow] after {_epochs(len(result.epochs))}"
            )
            if self._plan is not None:
                self._fact("go on with", escape(self._plan.directory.resume_command))
        if self._plan is None or result.best is None:
            return
        if result.status == "finished":
            self._console.print("\n[dim]* best so far; train s holds the steps alone[/dim]")
            self._print_outcome(result, result.best)
        directory = self._plan.directory
        self._fact("files", escape(f"{directory.path}/"))
        if directory.final_samples.exists():
            self._fact("pictures", escape(str(directory.final_samples)))

    def _print_outcome(self, result: RunResult, best: EpochRecord) -> None:
        median = result.median_train_seconds
        pace = f", {median:.2f} s to train an epoch (median)" if median else ""
        self._fact(
            "finished", f"{_epochs(len(result.epochs))} in {duration(result.total_seconds)}{pace}"
        )
        rows = [("best epoch", best.val_psnr, best.val_ssim, f"epoch {best.epoch}")]
        for name, scores in result.baselines.items():
            rows.append((name, scores["val_psnr"], scores["val_ssim"], scores.get("method", "")))
        for name, psnr, ssim, note in rows:
            beside = f"  [dim]{note}[/dim]" if note else ""
            self._fact(name, f"validation {psnr:.2f} dB, SSIM {ssim:.4f}{beside}")
        if result.test:
            classical = result.baselines["classical"]
            self._fact(
                "test",
                f"{result.test['psnr']:.2f} dB, SSIM {result.test['ssim']:.4f}; classical "
                f"{classical['test_psnr']:.2f} dB, SSIM {classical['test_ssim']:.4f}",
            )
        if is_copy(best):
            self._console.print(
                f"[bold red]returns its input:[/bold red] [red]{describe_copying(best)}[/red]"
            )
        shortfall = find_shortfall(best.val_psnr, result.baselines)
        if shortfall is not None:
            self._console.print(
                f"[bold red]below its baseline:[/bold red] [red]the network is "
                f"{shortfall.behind:.2f} dB worse than {shortfall.words}[/red]"
            )
            return
        gain = best.val_psnr - result.baselines["classical"]["val_psnr"]
        self._console.print(
            f"[green]{gain:+.2f} dB over the classical method in validation[/green]"
        )

    def _fact(self, name: str, text: str) -> None:
        self._console.print(f"[dim]{name:<10}[/dim]  {text}")


class QuietDisplay:
    """Prints nothing."""

    def __init__(self, console: Console) -> None:
        """Takes what every display takes."""

    def __enter__(self) -> "QuietDisplay":
        """Nothing to start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing to end."""

    def on_stage(self, text: str) -> None:
        """Nothing."""

    def on_note(self, text: str) -> None:
        """Nothing."""

    def on_start(self, plan: "Plan") -> None:
        """Nothing."""

    def on_step(self, epoch: int, step: int) -> None:
        """Nothing."""

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        """Nothing."""

    def on_end(self, result: RunResult) -> None:
        """Nothing."""


def _epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"
