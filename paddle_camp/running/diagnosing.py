"""The diagnosis in every report with trainings: from their histories, and from the network that the run published."""

from __future__ import annotations

from typing import Any

from paddle_camp import diagnosis
from paddle_camp.answers.answer import Answer, as_json
from paddle_camp.data.image_set import draw
from paddle_camp.errors import CampError
from paddle_camp.metrics import guessing_loss
from paddle_camp.running.context import Context
from paddle_camp.training.health import pass_back

KEY = "diagnosis"
PICTURES = 32  # that the published network is probed with


def add_diagnosis(context: Context, answer: Answer) -> None:
    """Add what the trainings say of themselves to the results of an answer that has some."""
    if not answer.histories:
        return
    predictions = answer.predictions
    chance = None if predictions is None else guessing_loss(predictions.labels)
    found: dict[str, Any] = {"chance": chance, "count": len(answer.histories)}
    found["trainings"] = diagnosis.summarise(answer.histories, chance)
    found["probed"] = diagnosis.probed(answer.histories)
    found["network"] = probe(context, answer)
    answer.results |= as_json({KEY: found})


def probe(context: Context, answer: Answer) -> dict[str, Any] | None:
    """Dead units and gradients of the published network on some of the reported pictures; None: unknown."""
    saved, predictions = context.published, answer.predictions
    if saved is None or predictions is None or predictions.pictures is None:
        return None
    files = [path for path in saved.files(context.checkpoints) if path.exists()][:1]
    part = predictions.pictures
    if not files or saved.image_size not in part.images.shape[2:]:
        return None
    some = draw(part, max(PICTURES, len(predictions.classes)))
    (inputs,) = saved.inputs(context.checkpoints).arrays(list(some.images))
    try:
        found = pass_back(saved.load(files)[0], inputs)
    except CampError:
        return None
    if found is None:
        return None
    worst = max(found["layers"], key=lambda row: row["dead"])
    rest = {"model": saved.model, "pictures": len(some), "dead": found["dead"], "ratio": found["ratio"]}
    return rest | {"worst": {key: worst[key] for key in ("layer", "units", "dead")}}
