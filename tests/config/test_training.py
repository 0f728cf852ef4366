from dropstudy.config.training import EarlyStopping, Training


def test_the_best_epoch_is_chosen_by_what_early_stopping_monitors() -> None:
    assert Training().monitor == "val_loss"
    assert Training(early_stopping=EarlyStopping(monitor="val_ssim")).monitor == "val_ssim"
