import pytest

from dropstudy import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.DropstudyError, 1),
        (errors.ConfigError, 2),
        (errors.DataError, 2),
        (errors.RunDirectoryError, 2),
        (errors.RuntimeUnavailableError, 2),
        (errors.TrainingError, 1),
    ],
)
def test_what_was_asked_wrongly_exits_with_2_and_what_failed_with_1(
    kind: type[errors.DropstudyError], code: int
) -> None:
    assert kind("why").exit_code == code


def test_every_error_is_one_that_the_command_line_catches() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    assert all(issubclass(kind, errors.DropstudyError) for kind in kinds)
