import numpy as np
import pytest

from dropstudy.config.task import Blur, Gaussian
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import prepare_image
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.sources import Picture
from dropstudy.inference.evaluating import evaluate_pictures
from dropstudy.probes.unseen import score_unseen
from tests.training.tiny import waves

PICTURES = [Picture(f"wave{index}", image) for index, image in enumerate(waves(3, side=32))]
NOISE = Gaussian(kind="gaussian", sigma=40.0)


def test_a_network_that_returns_its_input_scores_as_the_degraded_pictures() -> None:
    values = score_unseen(PICTURES, NOISE, restore=lambda image: image)
    images = [prepare_image(picture, NOISE) for picture in PICTURES]
    expected = np.mean([psnr(image.degraded, image.clean) for image in images if image])
    assert values["psnr"] == values["identity_psnr"] == pytest.approx(expected)
    assert 0 < values["ssim"] < 1


def test_it_scores_as_the_command_evaluate_does() -> None:
    def halve(image: Floats) -> Floats:
        return np.asarray(image / 2 + 0.25, dtype=np.float32)

    [evaluation] = evaluate_pictures(PICTURES, [NOISE], restore=halve)
    values = score_unseen(PICTURES, NOISE, restore=halve)
    for name in ("psnr", "ssim"):
        assert values[name] == pytest.approx(evaluation.mean("restored")[name])
    assert values["identity_psnr"] == pytest.approx(evaluation.mean("identity")["psnr"])


def test_a_task_that_changes_nothing_is_no_probe() -> None:
    flat = Picture("flat", np.full((32, 32, 3), 0.5, np.float32))
    with pytest.raises(DataError, match=r"blur, sigma 1\.5 leaves nothing to restore of flat"):
        score_unseen([flat], Blur(kind="blur"), restore=lambda image: image)
