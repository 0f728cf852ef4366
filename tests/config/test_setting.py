from pathlib import Path

import pytest

from dropstudy.config import load_experiment
from dropstudy.config.setting import range_of
from dropstudy.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "ends"), [(3.0, (3, 3)), ((1.0, 5.0), (1, 5)), ((5.0, 1.0), (1, 5)), (0, (0, 0))]
)
def test_a_range_has_its_low_end_first(
    value: float | tuple[float, float], ends: tuple[float, float]
) -> None:
    assert range_of(value) == ends


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.epochs=true", "training.epochs: got true; give a whole number from 1 up"),
        ("training.epochs='3'", "training.epochs: got '3'; give a whole number from 1 up"),
        ("training.epochs=2.0", "training.epochs: got 2.0; give a whole number from 1 up"),
        ("training.epochs=0", "training.epochs: got 0; give a whole number from 1 up"),
        ("seed=-1", "seed: got -1; give a whole number from 0 up"),
        ("data.augment.flip=1", "data.augment.flip: got 1; give true or false"),
        ("data.augment.flip=yes", "data.augment.flip: got 'yes'; give true or false"),
        ("data.patch_size=7", "data.patch_size: got 7; give a whole number from 8 to 1024"),
        ("task.block=65", "task.block: got 65; give a whole number from 2 to 64"),
        (
            "task={kind: jpeg, quality: 101}",
            "task.quality: got 101; give a whole number from 1 to 100",
        ),
        ("task={kind: poisson, peak: 0}", "task.peak: got 0; give a number from 0.001 to 1e9"),
        ("task={kind: salt_pepper, amount: 0}", "got 0; give a fraction above 0, up to 1"),
        ("task={kind: gaussian, sigma: -1}", "task.sigma: got -1; give a number from 0 to 1000"),
        ("name=a/b", "name: got 'a/b'; give 1 to 64 letters, digits"),
        ("name=.hidden", "name: got '.hidden'; give 1 to 64 letters"),
        ("tags=[a, 1]", "tags[1]: got 1; give text"),
        ("tags=word", "tags: got 'word'; give a list"),
        ("architecture.order=[dropout]", "architecture.order: got ['dropout']; give normalization"),
        ("architecture=unet", "architecture: got 'unet'; give a mapping with the keys kind, depth"),
    ],
)
def test_a_value_of_another_type_or_range_is_refused_in_words(
    smoke_yaml: Path, change: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(smoke_yaml, [change])
    assert f"--set {change}: " in str(caught.value)
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0
