from pathlib import Path

import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import ConfigError

PAIRS = "data={kind: pairs, degraded: a, clean: b}"
ARRAYS = "data={kind: arrays, path: a.npz}"
FOLDER = "data={kind: folder, path: a}"
RESIDUAL = "architecture.block=residual"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["architecture.order=[dropout, dropout, activation]"],
            "architecture.order: got ['dropout', 'dropout', 'activation']; give each of "
            "normalization, activation and dropout once",
        ),
        (
            ["architecture.kind=autoencoder"],
            "dropout.skip: the architecture 'autoencoder' has no skip connections; remove it",
        ),
        (
            ["dropout.encoder.rate=[0.1, 0.1, 0.1]"],
            "dropout.encoder.rate: got a list of 3; give one number, or a list of 2 "
            "(architecture.depth is 2)",
        ),
        (
            ["dropout.skip.rate=[0.1]"],
            "dropout.skip.rate: got a list of 1; give one number, or a list of 2",
        ),
        (
            ["dropout.decoder={kind: dropblock, rate: [0.1]}"],
            "dropout.decoder.rate: got a list of 1; give one number, or a list of 2",
        ),
        (
            ["dropout.bottleneck={kind: dropout, rate: [0.1, 0.1]}"],
            "dropout.bottleneck.rate: got a list of 2; give one number (",
        ),
        (
            ["dropout.input={kind: drop_path, rate: 0.1}"],
            "dropout.input.kind: got drop_path; input is no branch that could drop",
        ),
        (
            ["dropout.head={kind: drop_path, rate: 0.1}", RESIDUAL],
            "dropout.head.kind: got drop_path; head is no branch that could drop",
        ),
        (
            ["dropout.decoder={kind: drop_path, rate: 0.1}"],
            "dropout.decoder.kind: got drop_path; it needs a branch beside a shortcut: "
            "set architecture.block to residual",
        ),
        (
            ["data.patch_size=36", "architecture.depth=3", "dropout.encoder.rate=0.1"],
            "data.patch_size: got 36; give a multiple of 8, since architecture.depth 3 halves "
            "it 3 times",
        ),
        (
            ["data.evaluation_size=24"],
            "data.evaluation_size: got 24; give at least data.patch_size, 32",
        ),
        ([PAIRS], "task.kind: the data are pairs, already degraded; give {kind: given}"),
        (["task={kind: given}"], "task.kind: got given; only data of kind pairs or arrays"),
        ([FOLDER, "task={kind: given}"], "task.kind: got given; only data of kind pairs or arrays"),
        (
            ["training.loss=ssim_mix", "data.patch_size=8"],
            "training.loss: got ssim_mix; its window needs a data.patch_size of at least 11",
        ),
        (
            ["training.loss=ms_ssim_mix", "data.patch_size=8"],
            "training.loss: got ms_ssim_mix; its window needs a data.patch_size of at least 11",
        ),
        (
            ["runtime.replicas=3"],
            "training.batch_size: got 16; give a multiple of runtime.replicas, 3",
        ),
        (
            ["runtime.replicas=2", "training.gradient_clip_norm=1"],
            "training.gradient_clip_norm: Keras clips each replica's gradient by itself; "
            "give null, or runtime.replicas 1",
        ),
        (
            ["runtime.replicas=2", "architecture.normalization=batch"],
            "architecture.normalization: got batch; each replica would normalize by its own part",
        ),
        (
            ["runtime.replicas=2", "runtime.xla=true"],
            "runtime.xla: got true; XLA cannot compile a step that is spread over replicas: "
            "give false, or runtime.replicas 1",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    smoke_yaml: Path, changes: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(smoke_yaml, changes)
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0, "one conflict alone"


@pytest.mark.parametrize(
    "changes",
    [
        ["architecture.order=[dropout, normalization, activation]"],
        ["architecture.kind=autoencoder", "dropout.skip={kind: none}"],
        ["dropout.bottleneck={kind: dropout, rate: [0.1]}"],
        ["dropout.skip={kind: drop_path, rate: [0.1, 0.2]}"],
        ["dropout.bottleneck={kind: drop_path, rate: 0.1}", RESIDUAL],
        ["data.patch_size=40", "architecture.depth=3", "dropout.encoder.rate=0.1"],
        ["data.evaluation_size=32"],
        [PAIRS, "task={kind: given}"],
        [ARRAYS, "task={kind: given}"],
        [ARRAYS],
        [FOLDER],
        ["training.loss=ssim_mix", "data.patch_size=12"],
        ["training.loss=mse", "data.patch_size=8"],
        ["runtime.replicas=2"],
        ["runtime.xla=true"],
        ["training.gradient_clip_norm=1"],
    ],
)
def test_what_comes_close_to_a_conflict_is_allowed(smoke_yaml: Path, changes: list[str]) -> None:
    load_experiment(smoke_yaml, changes)


def test_all_conflicts_are_named_at_once(smoke_yaml: Path) -> None:
    changes = ["architecture.kind=autoencoder", "data.patch_size=30", "runtime.replicas=3"]
    with pytest.raises(ConfigError) as caught:
        load_experiment(smoke_yaml, changes)
    problems = str(caught.value).splitlines()
    assert len(problems) == 3
    for key in ("dropout.skip: ", "data.patch_size: ", "training.batch_size: "):
        assert any(key in problem for problem in problems)
