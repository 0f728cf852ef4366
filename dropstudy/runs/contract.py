"""What every reader of a run takes for granted; docs/run-directory.md has it in full."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from dropstudy.runs.parsing import MAX_NUMBER, MAX_WHOLE, damage, show_value
from dropstudy.runs.records import Status

_Check = Callable[[Any], bool]
_SECTIONS = ("data", "task", "architecture", "dropout", "training", "runtime")


def check_settings(settings: Mapping[str, Any], where: Path) -> None:
    """Refuses settings that lack a section or a name, or whose tags are no list.

    Raises:
        RunDirectoryError: They do, as in all that follow.
    """
    wrong = [name for name in _SECTIONS if not isinstance(settings.get(name), dict)]
    if not isinstance(settings.get("name"), str):
        wrong.append("name")
    if not isinstance(settings.get("tags", []), list):
        wrong.append("tags")
    dropout = settings["dropout"] if not wrong else {}
    if not all(isinstance(own, dict) for key, own in dropout.items() if key != "kernel"):
        wrong.append("dropout")
    if wrong:
        raise damage(where, f"it has no usable {', '.join(wrong)}")


def check_environment(environment: Mapping[str, Any], where: Path) -> None:
    """Refuses known keys of another type; what was not noted is missing."""
    _check(environment, _ENVIRONMENT, where)
    _check(environment.get("runtime", {}), _RUNTIME, where, section="runtime.")
    pictures = environment.get("pictures", {})
    _check(pictures, dict.fromkeys(pictures, _is_list), where, section="pictures.")


def check_result(result: Mapping[str, Any], where: Path) -> None:
    """Refuses a status that is none, and known numbers that are none."""
    if result and result.get("status") not in get_args(Status):
        raise damage(where, f"its status is {result.get('status')!r}")
    _check(result, _RESULT, where)


def _check(
    content: Mapping[str, Any], checks: Mapping[str, _Check], where: Path, *, section: str = ""
) -> None:
    for name, is_usable in checks.items():
        if name in content and not is_usable(content[name]):
            raise damage(where, f"{section}{name} is {show_value(content[name])}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_WHOLE


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_count(value) or (isinstance(value, float) and abs(value) <= MAX_NUMBER)


def _or_null(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


_ENVIRONMENT: dict[str, _Check] = {
    "started": _is_time,
    "command": _is_list,
    "python": _is_text,
    "packages": _is_mapping,
    "platform": _is_text,
    "processor": _is_text,
    "cores": _is_count,
    "git": _or_null(_is_mapping),
    "runtime": _is_mapping,
    "data_fingerprint": _is_text,
    "pictures": _is_mapping,
}
_RUNTIME: dict[str, _Check] = {
    "device": _is_text,
    "device_names": _is_list,
    "device_models": _is_list,
    "precision": _is_text,
    "xla": _is_switch,
    "threads": _is_count,
}
_RESULT: dict[str, _Check] = {
    "error": _or_null(_is_text),
    "median_train_seconds": _or_null(_is_number),
    "total_seconds": _or_null(_is_number),
    "parameters": _is_count,
    "multiply_adds": _is_count,
    "steps_per_epoch": _is_count,
    "draws_per_step": _is_count,
    "resumes": _is_count,
}
