"""Every test of this folder computes with two threads, as a program does; the suite's processes have one each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import ThreadpoolController


@pytest.fixture(scope="session")
def controller() -> ThreadpoolController:
    return ThreadpoolController()


@pytest.fixture(autouse=True)
def two_threads(controller: ThreadpoolController) -> Iterator[None]:
    with controller.limit(limits=2, user_api="openmp"):
        yield
