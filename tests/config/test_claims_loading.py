import math
from pathlib import Path

import pytest

from dropstudy.analysis.measures import MEASURES
from dropstudy.config.claims import Bound, Claim, Claims
from dropstudy.config.claims_loading import claims_schema, load_claims
from dropstudy.errors import ConfigError

ARMS = {"none": "none", "spatial": "spatial", "spatial-0": "none"}
CLAIMS = """\
level: 0.1
claims:
  - say: it costs little
    metric: step_seconds
    arm: spatial
    against: none
    ratio: {below: 1.10}
  - say: it restores better
    metric: val_psnr
    arm: spatial
    against: none
    difference: {above: 0.1}
"""


def load(folder: Path, text: str) -> Claims:
    path = folder / "x.claims.yaml"
    path.write_text(text, encoding="utf-8")
    return load_claims(path, ARMS)


def errors_of(folder: Path, text: str) -> list[str]:
    """What is wrong, line by line, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [
        line.removeprefix(f"{folder / 'x.claims.yaml'}:") for line in str(caught.value).split("\n")
    ]


def errors_of_claim(folder: Path, *keys: str) -> list[str]:
    """What is wrong with a single claim of these keys, each on a line from the third on."""
    lines = ["claims:", "  - say: something", *(f"    {key}" for key in keys)]
    return errors_of(folder, "\n".join(lines))


def test_claims_are_read_as_they_are_written(tmp_path: Path) -> None:
    claims = load(tmp_path, CLAIMS)
    cost, quality = claims.claims
    assert claims.level == 0.1
    assert (cost.metric, cost.arm, cost.against) == ("step_seconds", "spatial", "none")
    assert (cost.form, cost.region.low, cost.region.high) == ("ratio", -math.inf, 1.1)
    assert (quality.form, quality.region.low, quality.region.high) == (
        "difference",
        0.1,
        math.inf,
    )


@pytest.mark.parametrize("text", ["", "[]", "claims"])
def test_a_file_without_keys_is_told_them(tmp_path: Path, text: str) -> None:
    assert errors_of(tmp_path, text) == [" give a mapping with the keys level, claims"]


def test_a_file_without_claims_claims_too_little(tmp_path: Path) -> None:
    assert errors_of(tmp_path, "claims: []") == ["1: claims: got []; give at least 1"]


def test_every_problem_is_told_with_its_line_and_the_likely_word(tmp_path: Path) -> None:
    text = CLAIMS.replace("step_seconds", "step_second").replace("above:", "abov:")
    first, second = errors_of(tmp_path, text)
    assert first.startswith(
        "4: claims[0].metric: got 'step_second', did you mean 'step_seconds'?; give val_psnr, "
    )
    assert second == (
        "12: claims[1].difference.abov: unknown key, did you mean 'above'?; "
        "allowed: below, above, within, between"
    )


def test_an_arm_that_the_study_lacks_is_told_with_the_likely_one(tmp_path: Path) -> None:
    text = CLAIMS.replace("arm: spatial", "arm: spacial", 1)
    assert errors_of(tmp_path, text) == [
        "5: claims[0].arm: the study has no arm 'spacial', did you mean 'spatial'?; "
        "it has none, spatial, spatial-0"
    ]


def test_an_arm_is_not_held_against_itself_by_whatever_name(tmp_path: Path) -> None:
    assert errors_of_claim(
        tmp_path, "metric: parameters", "arm: none", "against: spatial-0", "ratio: {below: 2}"
    ) == ["5: claims[0].against: none and spatial-0 are the same model, trained once; give another"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            ("metric: val_psnr", "arm: none"),
            "2: claims[0]: says nothing of the metric; give difference or value",
        ),
        (
            ("metric: val_psnr", "arm: none", "value: {}"),
            "5: claims[0].value: says nothing; give one of below, above, within, between",
        ),
        (
            ("metric: val_psnr", "arm: none", "value: {above: 1, below: 2}"),
            "5: claims[0].value: got below and above; give one of below, above, within, between",
        ),
        (
            ("metric: val_psnr", "arm: none", "against: spatial", "ratio: {above: 1}"),
            "6: claims[0].ratio: val_psnr has no zero to count from; give difference or value",
        ),
        (
            ("metric: step_seconds", "arm: none", "value: {below: 1}"),
            "5: claims[0].value: step_seconds depends on the machine; give ratio",
        ),
        (
            ("metric: val_psnr", "arm: none", "difference: {above: 1}"),
            "2: claims[0].against: missing; give the arm that it is held against",
        ),
        (
            ("metric: val_psnr", "arm: none", "against: spatial", "value: {above: 1}"),
            "5: claims[0].against: a value is the arm's own; remove it, or give a difference",
        ),
        (
            ("metric: val_psnr", "arm: none", "value: {within: 1}"),
            "5: claims[0].value.within: of what? give between: [low, high]",
        ),
        (
            ("metric: val_psnr", "arm: none", "value: {between: [2, 1]}"),
            "5: claims[0].value.between: give two numbers, the lower one first",
        ),
        (
            ("metric: val_psnr", "arm: none", "value: {between: [2]}"),
            "5: claims[0].value.between: got [2]; give a list of two numbers, the lower one first",
        ),
        (
            ("metric: parameters", "arm: none", "against: spatial", "ratio: {above: 0}"),
            "6: claims[0].ratio.above: a ratio is above 0; 1 means as much as the other arm",
        ),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, keys: tuple[str, ...], expected: str) -> None:
    assert errors_of_claim(tmp_path, *keys)[0] == expected


def test_a_region_is_what_its_bound_says() -> None:
    cases = [
        (Bound(below=2.0), (1.0, 1.9), (2.0, 3.0)),
        (Bound(above=2.0), (2.1, 3.0), (1.0, 2.0)),
        (Bound(within=0.5), (-0.5, 0.5), (0.6, 0.7)),
        (Bound(between=(1.0, 2.0)), (1.0, 2.0), (0.0, 0.9)),
    ]
    for bound, inside, outside in cases:
        region = bound.region(of_ratio=False)
        assert region.holds(*inside) and not region.excludes(*inside)
        assert region.excludes(*outside) and not region.holds(*outside)
        across = (min(inside + outside), max(inside + outside))
        assert not region.holds(*across) and not region.excludes(*across)


def test_a_ratio_within_a_share_is_so_whichever_arm_is_above() -> None:
    region = Bound(within=0.25).region(of_ratio=True)
    assert (region.low, region.high) == (0.8, 1.25)
    assert region.low == 1 / region.high


def test_every_measure_that_can_decide_a_study_can_be_claimed() -> None:
    metric = claims_schema()["$defs"]["Claim"]["properties"]["metric"]
    known = {word for option in metric["anyOf"] for word in option.get("enum", [])}
    assert known >= set(MEASURES)


def test_a_claim_is_as_its_schema_has_it() -> None:
    import jsonschema

    content = {"say": "x", "metric": "val_psnr", "arm": "none", "value": {"above": 1.0}}
    jsonschema.validate({"claims": [content]}, claims_schema())
    assert Claim.model_validate(content).region.low == 1.0


def test_what_a_probe_measured_can_be_claimed() -> None:
    content = {"say": "x", "metric": "probe.noise40", "arm": "none", "value": {"above": 20.0}}
    assert Claim.model_validate(content).form == "value"
