from collections.abc import Iterator

import keras
import pytest

from dropstudy.config.runtime import Runtime
from dropstudy.training.runtime import configure_runtime


@pytest.fixture(scope="session", autouse=True)
def started_tensorflow() -> None:
    """TensorFlow starts as a run starts it, since its threads cannot be changed later."""
    configure_runtime(Runtime(device="cpu", precision="float32"))


@pytest.fixture(autouse=True)
def restored_policy(started_tensorflow: None) -> Iterator[None]:
    """Every test starts in float32 and leaves Keras' precision as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    yield
    keras.config.set_dtype_policy(before)
