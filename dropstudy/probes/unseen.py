"""How well a network restores what it was not trained for."""

from collections.abc import Callable, Sequence

from dropstudy.config.description import describe_task
from dropstudy.config.task import TaskSetting
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats, to_bytes, to_floats
from dropstudy.imaging.evaluation import degrade_picture, mean_scores
from dropstudy.imaging.metrics import Scores, score
from dropstudy.imaging.pairing import list_some
from dropstudy.imaging.sources import Picture


def score_unseen(
    pictures: Sequence[Picture], task: TaskSetting, *, restore: Callable[[Floats], Floats]
) -> dict[str, float]:
    """The means of PSNR and SSIM over pictures that are degraded by ``task``.

    The degraded pictures are those that ``dropstudy evaluate --task`` makes, too.

    Args:
        pictures: Cut to sizes that the network takes.
        task: How they are degraded; a picture's noise depends on its name alone.
        restore: The network, dropout off.

    Returns:
        ``psnr`` in dB, ``ssim``, and ``identity_psnr``, that of the degraded pictures themselves.

    Raises:
        DataError: The task leaves a picture as it is, so that it has no PSNR.
    """
    scores, identities = [], []
    for picture in pictures:
        degraded, _ = degrade_picture(picture, task)
        clean = to_floats(picture.clean)
        identities.append(_score_changed(degraded, clean, picture, task))
        scores.append(score(restore(degraded), clean))
    means = mean_scores(scores)
    identity = mean_scores(identities)
    return {"psnr": means["psnr"], "ssim": means["ssim"], "identity_psnr": identity["psnr"]}


def _score_changed(degraded: Floats, clean: Floats, picture: Picture, task: TaskSetting) -> Scores:
    if (to_bytes(degraded) == to_bytes(clean)).all():
        raise DataError(
            f"the task {describe_task(task)} leaves nothing to restore of "
            f"{list_some([picture.name])}; choose another one to probe with"
        )
    return score(degraded, clean)
