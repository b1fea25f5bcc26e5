"""A value that a context manager changes for its thread alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Switch(threading.local, Generic[Value]):
    """Every thread begins with ``value``, whatever it is in the others."""

    def __init__(self, value: Value):
        self.value = value

    @contextlib.contextmanager
    def turned(self, value: Value) -> Iterator[None]:
        """Inside, the value is this one."""
        before, self.value = self.value, value
        try:
            yield
        finally:
            self.value = before
