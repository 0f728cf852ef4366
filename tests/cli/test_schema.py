import json
from collections.abc import Callable
from typing import Any

import pytest

from dropstudy.config.claims_loading import claims_schema
from dropstudy.config.schema import experiment_schema, study_schema
from tests.cli.commands import dropstudy


def test_the_schema_is_printed_as_json_and_nothing_else() -> None:
    done = dropstudy("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == experiment_schema()
    assert done.stderr == ""


@pytest.mark.parametrize(("of", "expected"), [("study", study_schema), ("claims", claims_schema)])
def test_a_study_and_its_claims_have_schemas_of_their_own(
    of: str, expected: Callable[[], dict[str, Any]]
) -> None:
    done = dropstudy("schema", of)
    assert json.loads(done.stdout) == expected()
