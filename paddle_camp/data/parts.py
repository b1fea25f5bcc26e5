"""Batches of a data set's three parts: what is trained on, what is held out of it, what is reported."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.data.batches import Augment, Batches
from paddle_camp.data.image_set import split_off
from paddle_camp.errors import require
from paddle_camp.preprocessing import DIGITS


def three_parts(
    data: Any,
    holdout: float,
    batch_size: int,
    seed: int,
    *,
    augment: Augment | None = None,
    eval_batch_size: int | None = None,
) -> dict[str, Batches]:
    """Batches of "train" (shuffled, augmented), "holdout" (a share of the *training* pictures) and the reported part.

    Args:
        data: has ``train`` and either ``test``, which is reported as "test", or ``valid``, as "validation".
        eval_batch_size: pictures in a batch of the parts that are only measured; None: 500 digits, or 20 others.

    Raises:
        SettingError: a part is empty, or has only one class.
    """
    kept, held = split_off(data.train, holdout, seed)
    eval_batch_size = eval_batch_size or (500 if data.train.kind == DIGITS else 20)
    reported = {"test": data.test} if getattr(data, "test", None) is not None else {"validation": data.valid}
    sets = {"train": Batches(kept, batch_size, seed, augment)}
    sets |= {name: Batches(part, eval_batch_size) for name, part in ({"holdout": held} | reported).items()}
    for name, batches in sets.items():
        several = len(np.unique(batches.data.labels)) > 1
        require(several, f"the {name} part has one class only: take more pictures (holdout, train_pictures, ...)")
    return sets
