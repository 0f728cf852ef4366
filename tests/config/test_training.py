import pytest
from pydantic import ValidationError

from dropstudy.config.training import EarlyStopping, Training


def test_the_best_epoch_is_chosen_by_what_early_stopping_monitors() -> None:
    assert Training().monitor == "val_loss"
    assert Training(early_stopping=EarlyStopping(monitor="val_ssim")).monitor == "val_ssim"


@pytest.mark.parametrize("seconds", [0, -1, "long"])
def test_seconds_of_training_are_above_0_or_without_limit(seconds: float | str) -> None:
    assert Training().seconds is None
    assert Training(seconds=0.5).seconds == 0.5
    with pytest.raises(ValidationError, match="a number above 0"):
        Training.model_validate({"seconds": seconds})
