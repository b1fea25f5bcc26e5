"""What a ``model.json`` may ask for at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddle_camp.predicting.messages import MAX_TERMS
from paddle_camp.predicting.picture_reader import READERS

# Classes and files; pixels; units or channels of a layer; layers in a list.
MAX_NAMES, MAX_SIDE, MAX_WIDTH, MAX_LAYERS = 1000, 1024, 4096, 10


def hold_to_bounds(saved: Any) -> None:
    """Refuse what no run writes: a ``model.json`` may be a stranger's, and what it says is built and opened.

    Args:
        saved: a :class:`~paddle_camp.predicting.saved_model.SavedModel`.

    Raises:
        TypeError, ValueError: a value of another type, a number out of its bounds, a file elsewhere.
    """
    names = (saved.model, *saved.classes, *saved.weights)
    if not all(isinstance(text, str) for text in names) or len(names) > MAX_NAMES:
        raise TypeError(f"model, classes and weights are names, {MAX_NAMES} at most")
    no_pictures = saved.reader not in READERS and saved.image_size is None
    if not isinstance(saved.arguments, dict) or not (no_pictures or type(saved.image_size) is int):
        raise TypeError("arguments is an object, image_size a number of pixels")
    if not isinstance(saved.stand_in, str | None):
        raise TypeError("stand_in is a line of text")
    if not no_pictures and not 1 <= saved.image_size <= MAX_SIDE:
        raise ValueError(f"image_size is {saved.image_size}, not 1 to {MAX_SIDE}")
    if "pretrained" in saved.arguments:
        raise ValueError("arguments names pretrained: the weights are those beside it")
    if elsewhere := [name for name in saved.weights if Path(name.replace("\\", "/")).name != name]:
        raise ValueError(f"weights names {elsewhere[0]!a}, a file elsewhere")
    for key, value in saved.arguments.items():
        limit = {"image_size": MAX_SIDE, **dict.fromkeys(("sizes", "num_words", "known"), MAX_TERMS)}.get(
            key, MAX_WIDTH
        )
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) > MAX_LAYERS or not all(isinstance(each, str | int | float | None) for each in numbers):
            raise TypeError(f"{key} is {str(value)[:80]!a}")
        for number in numbers:
            if isinstance(number, int | float) and not 0 <= number <= limit:
                raise ValueError(f"{key} is {number}, not 0 to {limit}")
