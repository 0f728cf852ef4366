"""What was measured on a run's trained network beside its scores: ``probes.json``."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dropstudy.files import CHUNK_BYTES, open_plain
from dropstudy.runs.directory import RunDirectory, write_json
from dropstudy.runs.parsing import damage, read_json, show_value, to_numbers


@dataclass(frozen=True)
class ProbeResults:
    """The numbers of some probes.

    Attributes:
        values: Each number by its name, such as ``noise40.psnr``; those without one are absent.
        settings: What was asked, by the probe's name.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def answers(self, setting: Mapping[str, Any]) -> bool:
        """Whether a probe was put to the network just so."""
        return self.settings.get(probe_name(setting)) == setting

    def with_answer(
        self, setting: Mapping[str, Any], values: Mapping[str, float]
    ) -> "ProbeResults":
        """These results with those of a probe in place of what was known under its name.

        Args:
            setting: What was asked.
            values: Its numbers by their own names, such as ``psnr``.
        """
        name = probe_name(setting)
        kept = {key: value for key, value in self.values.items() if key.split(".")[0] != name}
        return ProbeResults(
            kept | {f"{name}.{key}": value for key, value in values.items()},
            {**self.settings, name: setting},
        )


def probe_name(setting: Mapping[str, Any]) -> str:
    """What a probe is called: its name, or its kind where it needs none."""
    return str(setting.get("name", setting["kind"]))


def read_probes(directory: RunDirectory) -> ProbeResults:
    """What is known of the run's network; nothing where it is of another one.

    Raises:
        RunDirectoryError: The file is damaged.
    """
    where = directory.probes
    content = read_json(where, if_missing={})
    if not content:
        return ProbeResults()
    if not _is_of_model(content.get("model_sha256"), directory):
        return ProbeResults()
    settings = content.get("settings", {})
    if not isinstance(settings, dict) or not all(
        isinstance(own, dict) for own in settings.values()
    ):
        raise damage(where, f"settings are {show_value(settings)}")
    return ProbeResults(to_numbers(content.get("values"), where, "values"), settings)


def write_probes(directory: RunDirectory, results: ProbeResults) -> None:
    """Writes the results beside the hash of the network that they are of.

    Raises:
        StorageError: They cannot be written.
    """
    write_json(
        directory.probes,
        {
            "values": results.values,
            "settings": results.settings,
            "model_sha256": _hash_model(directory),
        },
    )


def find_unanswered(
    directory: RunDirectory, settings: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The probes that are still to be put to a run's network.

    Raises:
        RunDirectoryError: What is known is damaged.
    """
    results = read_probes(directory)
    return [setting for setting in settings if not results.answers(setting)]


def _is_of_model(digest: Any, directory: RunDirectory) -> bool:
    """Whether the network is the one that was probed; one that is gone is no other."""
    return not directory.model.exists() or digest == _hash_model(directory)


def _hash_model(directory: RunDirectory) -> str:
    digest = hashlib.sha256()
    with open_plain(directory.model) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
