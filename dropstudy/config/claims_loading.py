"""From a YAML file of claims to checked ones, or to all that is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from dropstudy.config.claims import COSTS, COUNTS, Claim, Claims
from dropstudy.config.probe import Unseen, VarianceShift, find_probe_fault
from dropstudy.config.problems import Key, Problem, find_problems
from dropstudy.config.schema import SCHEMA_DIALECT, Schema
from dropstudy.config.study import PROBED
from dropstudy.config.yaml_source import Document, read_yaml
from dropstudy.errors import ConfigError

_BOUNDS = ("below", "above", "within", "between")
_FORMS = ("ratio", "difference", "value")
_Found = tuple[tuple[Key, ...], str]
"""Something wrong: the keys that lead to it, and what it is."""


@cache
def claims_schema() -> Schema:
    """The JSON Schema (draft 2020-12) that every file of claims satisfies."""
    return {"$schema": SCHEMA_DIALECT, **Claims.model_json_schema()}


def load_claims(
    path: Path | str, arms: Mapping[str, str], *, probes: Sequence[Unseen | VarianceShift] = ()
) -> Claims:
    """Reads the claims that are made of a study, and checks them.

    Args:
        path: A YAML file.
        arms: The name of the model behind each name of an arm that the study has.
        probes: Those of the study.

    Raises:
        ConfigError: One line for each problem: file, line, path, what was given and
            what is allowed.
    """
    document = read_yaml(Path(path))
    if not isinstance(document.data, dict):
        raise ConfigError(f"{document.source}: give a mapping with the keys level, claims")
    claims, problems = None, list(document.problems)
    try:
        claims = Claims.model_validate(document.data)
        found = list(_find_wrong_claims(claims, arms, probes))
    except ValidationError as error:
        found = find_problems(error, document.data, claims_schema())
    problems += [_locate(document, place, text) for place, text in found]
    if problems or claims is None:
        raise ConfigError("\n".join(map(str, problems)))
    return claims


def _locate(document: Document, place: tuple[Key, ...], text: str) -> Problem:
    return Problem(document.source, document.line_of(place), place, text)


def _find_wrong_claims(
    claims: Claims, arms: Mapping[str, str], probes: Sequence[Unseen | VarianceShift]
) -> Iterator[_Found]:
    for number, claim in enumerate(claims.claims):
        fault = find_probe_fault(claim.metric, probes) if claim.metric.startswith(PROBED) else ""
        if fault:
            yield ("claims", number, "metric"), fault
        checks = (_check_form(claim), _check_bound(claim), _check_arms(claim, arms))
        for place, text in (found for check in checks for found in check):
            yield ("claims", number, *place), text


def _check_form(claim: Claim) -> Iterator[_Found]:
    given = [form for form in _FORMS if getattr(claim, form) is not None]
    allowed = _forms_of(claim.metric)
    if len(given) != 1:
        found = f"got {' and '.join(given)}" if given else "says nothing of the metric"
        place: tuple[Key, ...] = (given[-1],) if given else ()
        yield place, f"{found}; give {' or '.join(allowed)}"
    elif given[0] not in allowed:
        why = "depends on the machine" if claim.metric in COSTS else "has no zero to count from"
        yield (given[0],), f"{claim.metric} {why}; give {' or '.join(allowed)}"
    if given == ["value"] and claim.against is not None:
        yield ("against",), "a value is the arm's own; remove it, or give a difference"
    if given and given != ["value"] and claim.against is None:
        yield ("against",), "missing; give the arm that it is held against"


def _forms_of(metric: str) -> tuple[str, ...]:
    if metric in COSTS:
        return ("ratio",)
    return _FORMS if metric in COUNTS else ("difference", "value")


def _check_bound(claim: Claim) -> Iterator[_Found]:
    bound, form = claim.bound, claim.form
    if getattr(claim, form) is None:
        return
    given = [name for name in _BOUNDS if getattr(bound, name) is not None]
    if len(given) != 1:
        found = f"got {' and '.join(given)}" if given else "says nothing"
        yield (form,), f"{found}; give one of {', '.join(_BOUNDS)}"
        return
    if bound.between is not None and bound.between[0] >= bound.between[1]:
        yield (form, "between"), "give two numbers, the lower one first"
    if form == "value" and bound.within is not None:
        yield (form, "within"), "of what? give between: [low, high]"
    ends = [bound.below, bound.above, *(bound.between or ())]
    if form == "ratio" and any(end is not None and end <= 0 for end in ends):
        yield (form, given[0]), "a ratio is above 0; 1 means as much as the other arm"


def _check_arms(claim: Claim, arms: Mapping[str, str]) -> Iterator[_Found]:
    for key in ("arm", "against"):
        name = getattr(claim, key)
        if name is not None and name not in arms:
            likely = get_close_matches(name, list(arms), n=1)
            hint = f", did you mean '{likely[0]}'?" if likely else ""
            yield (key,), f"the study has no arm '{name}'{hint}; it has {', '.join(arms)}"
    if claim.against in arms and arms[str(claim.against)] == arms.get(claim.arm):
        same = "the same arm" if claim.arm == claim.against else "the same model, trained once"
        yield ("against",), f"{claim.arm} and {claim.against} are {same}; give another"
