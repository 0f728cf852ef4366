from tests.models.conftest import restored_policy, started_tensorflow

__all__ = ["restored_policy", "started_tensorflow"]
