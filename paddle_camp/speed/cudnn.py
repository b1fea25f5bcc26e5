"""On a GPU: cuDNN's search for the fastest algorithm of each shape of convolution."""

from __future__ import annotations

import os

from paddle_camp.machine import enabled
from paddle_camp.runtime import SEARCH


def search_algorithms() -> bool:
    """On a GPU, have cuDNN try its algorithms for every shape of convolution and keep the fastest.

    Which one wins may change from run to run, and with it the last bits: ``PADDLE_CAMP_TUNE`` without ``autotune``
    leaves the choice to cuDNN's rules, and so does ``FLAGS_cudnn_deterministic``, which allows no search.

    Returns:
        Whether it was off before and is on now; :func:`stop_searching` turns it off again.
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
