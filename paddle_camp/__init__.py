"""paddle_camp: the homework of Baidu's deep-learning training camp on today's dygraph Paddle.

Importing the package tunes the CPU and then loads paddle (:mod:`paddle_camp.runtime`), so import it first::

    import paddle_camp
    import paddle

    model = paddle_camp.create_model("resnet50", num_classes=2)
"""

from importlib import import_module as _import_module

from paddle_camp import runtime as _runtime

__version__ = "0.1.0"

try:
    TUNED = _runtime.load_paddle()
except _runtime.CampError as _error:  # to a notebook, a missing paddle is an ImportError like any other
    raise ImportError(str(_error)) from None

# Loaded at first use: matplotlib and scikit-learn alone take longer to import than a student waits for --help.
_HOMES = {
    "create_model": "models",
    "list_models": "models",
    "register_model": "models",
    "evaluate": "training",
    "Keep": "fitting",
    "fit": "fitting",
    "train_one_epoch": "training",
    "load_weights": "checkpoint",
    "Batches": "data.batches",
    "ImageSet": "data.batches",
    "split_off": "data.batches",
    "load_fundus": "data.fundus.loading",
    "History": "history",
}
__all__ = ["TUNED", "__version__", *_HOMES]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'paddle_camp' has no attribute {name!r}")
    return getattr(_import_module(f"paddle_camp.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
