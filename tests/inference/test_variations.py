import pytest

from dropstudy.config.task import Compose, Gaussian, Given, Jpeg, TaskSetting
from dropstudy.errors import ConfigError
from dropstudy.inference.variations import choose_tasks, vary_task

NOISE = Gaussian(kind="gaussian", sigma=25.0, quantize=True)


@pytest.mark.parametrize(
    ("variation", "expected"),
    [
        ("sigma=15", Gaussian(kind="gaussian", sigma=15.0, quantize=True)),
        ("sigma=[10, 50]", Gaussian(kind="gaussian", sigma=(10.0, 50.0), quantize=True)),
        ("sigma=5, quantize=false", Gaussian(kind="gaussian", sigma=5.0)),
        ("sigma=[1,2],quantize=false", Gaussian(kind="gaussian", sigma=(1.0, 2.0))),
        ("kind=gaussian,sigma=5", Gaussian(kind="gaussian", sigma=5.0, quantize=True)),
        ("kind=jpeg,quality=10", Jpeg(kind="jpeg", quality=10)),
        ("kind=jpeg", Jpeg(kind="jpeg", quality=20)),
        (
            "kind=compose,steps=[{kind: jpeg, quality: 5}, {kind: gaussian, sigma: 3}]",
            Compose(
                kind="compose",
                steps=(Jpeg(kind="jpeg", quality=5), Gaussian(kind="gaussian", sigma=3.0)),
            ),
        ),
    ],
)
def test_a_variation_changes_the_values_that_it_names(
    variation: str, expected: TaskSetting
) -> None:
    assert vary_task(NOISE, variation) == expected


@pytest.mark.parametrize(
    ("variation", "message"),
    [
        ("sigma=-1", r"^--task sigma=-1: task\.sigma: got -1; give a number from 0 to 1000$"),
        ("sigma=[1, x]", r"^--task .*: task\.sigma\[1\]: got 'x'; give a number from 0 to 1000$"),
        (
            "quality=10",
            r"task\.quality: unknown key; allowed: kind, .*; the run's task is gaussian",
        ),
        ("kind=jepg", r"task\.kind: got 'jepg', did you mean 'jpeg'\?; give pixelate, "),
        ("kind=jpeg,quality=101", r"task\.quality: got 101; give a whole number from 1 to 100$"),
        ("kind=jpeg,quality=", r"task\.quality: got null; give a whole number from 1 to 100$"),
        ("sigma", r"^--task sigma: give KEY=VALUE, such as sigma=15 or kind=jpeg,quality=10$"),
        ("", r"^--task : give KEY=VALUE"),
        ("=3", r"^--task =3: give KEY=VALUE"),
        ("sigma=1,sigma=2", r"task\.sigma: given twice; keep one$"),
        ("sigma=[1", r"^--task sigma=\[1:1: not YAML"),
    ],
)
def test_what_is_wrong_with_a_variation_is_said_as_of_a_config(
    variation: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        vary_task(NOISE, variation)


def test_all_problems_of_a_variation_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        vary_task(NOISE, "sigma=-1,quantize=3")
    assert len(str(caught.value).splitlines()) == 2


def test_the_runs_own_task_is_evaluated_unless_told_otherwise() -> None:
    assert choose_tasks(NOISE, (), has_data=True, has_degraded=False) == [NOISE]


def test_each_variation_is_evaluated_once_in_the_order_given() -> None:
    tasks = choose_tasks(
        NOISE, ("sigma=50", "sigma=25", "sigma=50.0"), has_data=False, has_degraded=False
    )
    assert [getattr(task, "sigma", None) for task in tasks] == [50, 25]


def test_degraded_images_are_the_task() -> None:
    given = [Given(kind="given")]
    assert choose_tasks(NOISE, (), has_data=True, has_degraded=True) == given


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="--degraded: name the folder of their clean images"):
        choose_tasks(NOISE, (), has_data=False, has_degraded=True)
    with pytest.raises(ConfigError, match="--degraded and --task: give one of them"):
        choose_tasks(NOISE, ("sigma=5",), has_data=True, has_degraded=True)
    with pytest.raises(ConfigError, match=r"'given': name the folder of degraded .* --degraded"):
        choose_tasks(Given(kind="given"), (), has_data=True, has_degraded=False)
