import pytest

from dropstudy.config.problems import Key, Problem, join_path, split_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("seed",), "seed"),
        (("dropout", "encoder", "rate", 1), "dropout.encoder.rate[1]"),
        (("task", "steps", 0, "kind"), "task.steps[0].kind"),
        (("task", ""), "task.''"),
        (("a" * 61,), "a" * 57 + "..."),
    ],
)
def test_a_path_is_written_as_a_reader_would(path: tuple[Key, ...], text: str) -> None:
    assert join_path(path) == text


def test_a_dotted_path_comes_back_as_its_keys() -> None:
    assert split_path("training.optimizer.kind") == ("training", "optimizer", "kind")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("u.yaml", 14, ("dropout", "skip", "rate"), "no"),
            "u.yaml:14: dropout.skip.rate: no",
        ),
        (Problem("u.yaml", 2, (), "not YAML"), "u.yaml:2: not YAML"),
        (Problem("--set seed=x", None, ("seed",), "no"), "--set seed=x: seed: no"),
        (Problem("u.yaml", None, (), "too large"), "u.yaml: too large"),
        (
            Problem("u\n.yaml", 1, ("a\x1b[31m",), "café\u202e"),
            r"u\n.yaml:1: a\x1b[31m: café\u202e",
        ),
    ],
)
def test_a_problem_says_where_and_what(problem: Problem, text: str) -> None:
    assert str(problem) == text
