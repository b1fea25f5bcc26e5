"""How far the trainings of homework 1-1 have come, and what their errors come from."""

from __future__ import annotations

from typing import Any

import paddle_camp as camp
from paddle_camp.comparisons import EVEN
from paddle_camp.noise import falls


def state_of(history: camp.History, loss_ratio: float) -> str:
    """Where a training has ended: "arrived" or "near" the least-squares loss, "hovering" above it, "on the way" to it.

    It hovers where no fall of the loss of all rows can be seen in the second half of the epochs, beyond the noise of
    the mini-batches, which keeps it there. Fewer than six losses say nothing about that.

    Args:
        loss_ratio: of the training loss to that of least squares, at the end.
    """
    if loss_ratio < 1.1:
        return "arrived" if loss_ratio < 1.01 else "near"
    rows = history.split("train")
    late = [row["loss"] for row in rows if row["epoch"] >= rows[-1]["epoch"] / 2]
    return "on the way" if len(late) < 6 or falls(late) else "hovering"


def judge(models: dict[str, dict], histories: dict[str, camp.History]) -> dict[str, Any]:
    """Verdicts on the trained models, by their described numbers.

    Returns:
        ``state`` of each training; ``alike``: whether both came to losses within a percent of the smallest;
        ``enough``: whether the mini-batches came near it, and no less so than the full batches; ``flat``: whether most
        of the mini-batches' distance from the solution lies along the direction of the smallest curvature;
        ``because_of_split``: whether they are off on the test rows in the same direction as least squares, which no
        training can mend.
    """
    state = {name: state_of(history, models[name]["loss_ratio"]) for name, history in histories.items()}
    least, full, mini = (models[name] for name in ("least squares", "full batch", "mini-batch"))
    gap, arrived = mini["loss_ratio"] - full["loss_ratio"], state["mini-batch"] in ("arrived", "near")
    return {
        "state": state,
        "alike": abs(gap) < 0.01,
        "enough": arrived and gap < 0.01,
        "flat": arrived and mini["flat_share"] > 0.5,
        "because_of_split": arrived and mini["offset"] == least["offset"] != EVEN,
    }
