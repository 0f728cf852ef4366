import json

from dropstudy.config.schema import experiment_schema
from tests.cli.commands import dropstudy


def test_the_schema_is_printed_as_json_and_nothing_else() -> None:
    done = dropstudy("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == experiment_schema()
    assert done.stderr == ""
