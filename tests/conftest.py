import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.config.experiments import CONFIGS

# The machines that run this are slow at times, and a check should not fail at random.
settings.register_profile("dropstudy", deadline=None, derandomize=True)
settings.load_profile("dropstudy")
# A shell has what it starts by `&` ignore Ctrl-C, and nohup that the terminal closes; so would the
# runs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def smoke_yaml() -> Path:
    """The smallest experiment that ships."""
    return CONFIGS / "smoke.yaml"
