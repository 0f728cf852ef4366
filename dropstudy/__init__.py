"""dropstudy: find out what dropout does to an image-restoring network.

Its functions are here: `load_run`, `find_runs`, `compare`, `load_experiment`; docs/python.md shows
them. Each is imported when it is first used, so that ``import dropstudy`` costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropstudy.analysis.comparison import compare
    from dropstudy.config import load_experiment
    from dropstudy.runs.store import find_runs, load_run
else:  # unseen by type checkers, which would take any name for granted

    def __getattr__(name: str) -> Any:
        match name:
            case "compare":
                from dropstudy.analysis.comparison import compare

                return compare
            case "find_runs":
                from dropstudy.runs.store import find_runs

                return find_runs
            case "load_experiment":
                from dropstudy.config import load_experiment

                return load_experiment
            case "load_run":
                from dropstudy.runs.store import load_run

                return load_run
        raise AttributeError(f"module 'dropstudy' has no attribute {name!r}")


__all__ = ["__version__", "compare", "find_runs", "load_experiment", "load_run"]
__version__ = "0.1.0"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
