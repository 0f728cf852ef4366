"""Looks into a ``model.keras`` before Keras does: what it would take, and whose code it names."""

import json
import zipfile
from pathlib import Path
from typing import Any

from dropstudy.errors import RunDirectoryError
from dropstudy.files import open_plain

MAX_EXPANSION = 20
"""A file may unpack to so many times its own size; Keras' own do not shrink by a tenth."""
MAX_CONFIG_BYTES = 16 << 20
_CONFIG = "config.json"
_OWNERS = ("keras", "dropstudy")
_CODE = {"Lambda": "a Lambda layer", "__lambda__": "a lambda", "function": "a function"}


def check_model_file(model: Path) -> None:
    """Refuses what no run writes and what may do harm once it is loaded.

    Keras' safe mode refuses much of this as well, in words that depend on its version.

    Raises:
        RunDirectoryError: The file is missing or damaged, unpacks to far more than it is, or
            names code that is neither Keras' nor dropstudy's.
    """
    try:
        with open_plain(model) as stream, zipfile.ZipFile(stream) as archive:
            _check_sizes(archive, model)
            config = json.loads(archive.read(_CONFIG))
    except FileNotFoundError:
        raise RunDirectoryError(
            f"{model}: there is no such file; a run has a model once its first epoch has ended"
        ) from None
    except RunDirectoryError:
        raise
    except OSError as error:
        raise _damage(model, error.strerror or str(error)) from None
    except Exception as error:  # what a damaged archive may raise has no end
        raise _damage(model, str(error).partition("\n")[0] or type(error).__name__) from None
    _check_owners(config, model)


def _check_sizes(archive: zipfile.ZipFile, model: Path) -> None:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > MAX_EXPANSION * model.stat().st_size:
        raise _damage(model, f"it would unpack to {total:,} bytes")
    for member in members:
        if member.filename == _CONFIG and member.file_size > MAX_CONFIG_BYTES:
            raise _damage(model, f"its {_CONFIG} has {member.file_size:,} bytes")


def _check_owners(config: Any, model: Path) -> None:
    """Every object of a Keras config says in which module its class is."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        if not isinstance(item, dict):
            continue
        waiting += item.values()
        module, name = item.get("module"), item.get("class_name")
        if isinstance(name, str) and name in _CODE:
            raise _refusal(model, _CODE[name])
        if isinstance(module, str) and module.partition(".")[0] not in _OWNERS:
            raise _refusal(model, f"{module}.{name}")


def _refusal(model: Path, what: str) -> RunDirectoryError:
    return RunDirectoryError(
        f"{model}: refused: it names {what}, which is neither Keras' nor dropstudy's and might "
        "run any code; no run writes this"
    )


def _damage(model: Path, reason: str) -> RunDirectoryError:
    return RunDirectoryError(f"{model}: cannot be loaded as a Keras model: {reason}")
