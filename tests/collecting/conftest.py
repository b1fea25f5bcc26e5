"""The small assignment of the runner's tests."""

from tests.running.conftest import toys

__all__ = ["toys"]
