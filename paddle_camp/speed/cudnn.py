"""cuDNN's search for the fastest algorithm of each convolution shape, on a GPU."""

from __future__ import annotations

import os

from paddle_camp.machine import enabled
from paddle_camp.runtime import SEARCH


def search_algorithms() -> bool:
    """On a GPU, let cuDNN time its algorithms for every convolution shape and keep the fastest.

    The fastest may differ from run to run, and with it the rounding. ``PADDLE_CAMP_TUNE`` without ``autotune`` leaves
    the choice to cuDNN's heuristics, and so does ``FLAGS_cudnn_deterministic``, which rules a search out.

    Returns:
        Whether the search was turned on by this call; :func:`stop_searching` turns it off again.
    """
    import paddle

    flags = (SEARCH, "FLAGS_cudnn_deterministic")
    if (
        not enabled("autotune")
        or not paddle.get_device().startswith("gpu")
        or any(name in os.environ for name in flags)
    ):
        return False
    if any(paddle.get_flags(list(flags)).values()):
        return False
    paddle.set_flags({SEARCH: True})
    return True


def stop_searching() -> None:
    """Undo :func:`search_algorithms`."""
    import paddle

    paddle.set_flags({SEARCH: False})
