import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dropstudy.config.probe import ProbeSetting, Unseen, VarianceShift, find_repeated_names
from dropstudy.config.task import Gaussian


def _parse(**settings: Any) -> ProbeSetting:
    probe: ProbeSetting = TypeAdapter(ProbeSetting).validate_python(settings)
    return probe


def test_a_probe_is_called_by_its_name_or_by_what_it_measures() -> None:
    unseen = _parse(kind="unseen", name="noise40", task={"kind": "gaussian", "sigma": 40})
    assert isinstance(unseen, Unseen)
    assert unseen.name == "noise40"
    assert unseen.task == Gaussian(kind="gaussian", sigma=40)
    assert _parse(kind="variance_shift").name == "variance_shift"


@pytest.mark.parametrize("name", ["", "a b", "noise.40", "-noise", "x" * 33, "variance_shift", 3])
def test_a_name_that_is_no_part_of_a_measures_name_is_refused(name: object) -> None:
    with pytest.raises(ValidationError, match="1 to 32 letters, digits, '_' or '-'"):
        _parse(kind="unseen", name=name, task={"kind": "blur"})


def test_images_as_given_are_no_other_task_and_a_shift_needs_patches() -> None:
    with pytest.raises(ValidationError, match=re.escape("Input tag 'given'")):
        _parse(kind="unseen", name="own", task={"kind": "given"})
    with pytest.raises(ValidationError, match="a whole number from 1 up"):
        _parse(kind="variance_shift", patches=0)


def test_probes_that_are_called_alike_are_found() -> None:
    noise = _parse(kind="unseen", name="noise", task={"kind": "gaussian", "sigma": 40.0})
    blur = _parse(kind="unseen", name="blur", task={"kind": "blur"})
    shift = VarianceShift(kind="variance_shift")
    assert find_repeated_names([noise, blur, shift]) == []
    assert find_repeated_names([noise, shift, blur, noise, shift]) == [3, 4]
