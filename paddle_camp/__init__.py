"""paddle_camp: the homework of Baidu's deep-learning training camp on today's dygraph Paddle.

Importing the package sets the CPU up for a Paddle that is loaded later (:mod:`paddle_camp.machine`); so import it
first::

    import paddle_camp
    import paddle

    model = paddle_camp.create_model("resnet50", num_classes=2)
"""

from importlib import import_module as _import_module

from paddle_camp import machine as _machine

__version__ = "0.2.0"

TUNED = _machine.prepare()

# Loaded at first use: Paddle, matplotlib and scikit-learn take longer to import than a student waits for --help.
_HOMES = {
    "create_model": "models",
    "list_models": "models",
    "register_model": "models",
    "evaluate": "training.loop",
    "CheckpointPolicy": "training.fit",
    "Keep": "training.fit",
    "fit": "training.fit",
    "train_one_epoch": "training.loop",
    "load_weights": "networks.weights",
    "Batches": "data.batches",
    "ImageSet": "data.image_set",
    "split_off": "data.image_set",
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
