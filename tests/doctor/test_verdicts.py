from dataclasses import replace
from typing import get_args

import pytest

from dropstudy.config.runtime import PrecisionName
from dropstudy.doctor.verdicts import (
    LARGEST_ERRORS,
    Step,
    hardware_precisions,
    judge_determinism,
    judge_precision,
    judge_training,
)

STEP = Step(train_loss=0.25, evaluation_loss=0.5, has_learned=True, outcome="0a1b", seconds=1.25)
EXACT = {"float32": 2e-7, "float16": 4e-4, "bfloat16": 3e-3}


@pytest.mark.parametrize(
    ("auto", "flags", "capabilities", "expected"),
    [
        ("float32", {"avx2"}, [], ["float32"]),
        ("mixed_bfloat16", {"amx_bf16"}, [], ["float32", "mixed_bfloat16"]),
        (
            "mixed_bfloat16",
            {"amx_bf16", "avx512_fp16"},
            [],
            ["float32", "mixed_float16", "mixed_bfloat16"],
        ),
        ("float32", {"avx512_fp16"}, [(6, 1)], ["float32"]),
        ("float32", set(), [(7, 5)], ["float32", "mixed_float16"]),
        ("mixed_bfloat16", set(), [(8, 0)], ["float32", "mixed_float16", "mixed_bfloat16"]),
        ("float32", set(), [(9, 0), (6, 0)], ["float32"]),
    ],
)
def test_the_precisions_in_hardware_are_those_of_the_devices_in_use(
    auto: str, flags: set[str], capabilities: list[tuple[int, int]], expected: list[str]
) -> None:
    assert list(hardware_precisions(auto, flags, capabilities)) == expected


def _judge(errors: dict[str, float], auto: str = "mixed_bfloat16") -> tuple[str, str, str | None]:
    finding = judge_precision(auto, "a reason", in_hardware=("float32", auto), errors=errors)
    return finding.status, finding.found, finding.remedy


def test_what_auto_takes_is_told_with_the_reason_and_what_is_emulated() -> None:
    assert _judge(EXACT) == (
        "ok",
        "auto takes mixed_bfloat16: a reason; emulated: mixed_float16",
        None,
    )


def test_float32_that_is_cut_to_tf32_is_noticed() -> None:
    status, found, remedy = _judge(EXACT | {"float32": 4e-4}, "float32")

    assert status == "fail"
    assert found == "products in float32 are off by 0.0004 of their size, more than 1e-05"
    assert remedy is not None
    assert "NVIDIA_TF32_OVERRIDE" in remedy


@pytest.mark.parametrize("error", [0.1, float("nan"), float("inf")])
def test_a_precision_that_computes_wrongly_fails_if_auto_takes_it(error: float) -> None:
    assert _judge(EXACT | {"bfloat16": error})[0] == "fail"
    assert _judge(EXACT | {"float16": error})[0] == "warn"
    assert _judge(EXACT | {"float16": error})[2] == (
        "dropstudy run FILE --set runtime.precision=float32"
    )


def test_the_precisions_that_are_tried_are_those_that_a_config_may_name() -> None:
    names = get_args(PrecisionName)

    assert {name.removeprefix("mixed_") for name in names} == LARGEST_ERRORS.keys()
    assert all(_judge({name: EXACT[name]})[0] == "ok" for name in EXACT)


def test_a_step_is_well_if_its_losses_are_finite_and_weights_changed() -> None:
    assert judge_training(STEP).status == "ok"
    assert "1.2 s, loss 0.2500" in judge_training(STEP).found
    for bad in (
        replace(STEP, train_loss=float("nan")),
        replace(STEP, evaluation_loss=float("inf")),
        replace(STEP, has_learned=False),
    ):
        finding = judge_training(bad)
        assert finding.status == "fail"
        assert finding.remedy is not None
    assert "0.25 and inf" in judge_training(replace(STEP, evaluation_loss=float("inf"))).found


def test_exact_resume_is_promised_on_the_processor_alone_and_only_if_a_step_repeats() -> None:
    other = replace(STEP, outcome="ffff", seconds=9.0)

    assert judge_determinism(STEP, replace(STEP, seconds=9.0), device="cpu").status == "ok"
    differing = judge_determinism(STEP, other, device="cpu")
    assert differing.status == "fail"
    assert "runs cannot be resumed exactly" in differing.found
    for again, word in ((STEP, "equal"), (other, "different")):
        on_gpu = judge_determinism(STEP, again, device="gpu")
        assert on_gpu.status == "warn"
        assert word in on_gpu.found
        assert on_gpu.remedy == "dropstudy run FILE --set runtime.deterministic=true"
