import json

from dropstudy.config.schema import experiment_schema, study_schema
from tests.cli.commands import dropstudy


def test_the_schema_is_printed_as_json_and_nothing_else() -> None:
    done = dropstudy("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == experiment_schema()
    assert done.stderr == ""


def test_a_study_has_a_schema_of_its_own() -> None:
    done = dropstudy("schema", "study")
    assert json.loads(done.stdout) == study_schema()
