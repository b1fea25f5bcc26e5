"""How a network for signs is trained, the recipe with one part changed, and what is asked of each network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.data.pictures.augment import Change, Compose, RandomHorizontalFlip, mirror
from paddle_camp.data.pictures.light import RandomErasing, RandomExposure, RandomLight, RandomSaturation
from paddle_camp.data.pictures.warp import RandomWarp, variations
from paddle_camp.metrics import predict_labels, probabilities
from paddle_camp.preprocessing import scale_to_unit

AT_ONCE = 250  # pictures that are measured in a batch
HIDDEN = (0.02, 0.14)  # shares of a picture that erasing hides: up to a digit or an arrow, never a whole sign
# The recipe with one part changed: name of a row -> the settings that are switched on or off; see also as_scaled.
CHANGES: dict[str, tuple[str, ...]] = {
    "transformer": ("transformer",),
    "no shortcuts": ("residual",),
    "no warps": ("warps",),
    "no light": ("light",),
    "no erasing": ("erasing",),
    "no contrast": (),
    "mirrored": ("mirror",),
}
RECIPE, BY_PICTURE = "recipe", "by picture"


def changed(settings: Any, name: str) -> Any:
    """The settings of a row; what is on or off is switched, whatever it was."""
    return replace(settings, **{key: not getattr(settings, key) for key in CHANGES.get(name, ())})


def as_scaled(part: camp.ImageSet, name: str) -> camp.ImageSet:
    """The pictures as the network of a row gets them: by their own contrast, or only from -1 to 1."""
    return replace(part, kind=replace(part.kind, scale=scale_to_unit)) if name == "no contrast" else part


def augmentation(settings: Any) -> Change | None:
    """Random warps, light and hidden boxes; a mirror only where it is asked for, since it turns signs into others.

    Brightness alone need not be changed, since pictures are scaled by their own contrast; a shade across the sign, a
    tint, pale colours and a white, overexposed middle change more.
    """
    changes: list[Change] = []
    if settings.warps:
        names = ("degrees", "stretch", "slant", "shift", "bend")
        changes.append(RandomWarp(**{name: getattr(settings, name) for name in names}, edge=True))
    if settings.light:
        changes += [RandomLight(), RandomSaturation(), RandomExposure()]
    if settings.erasing:
        changes.append(RandomErasing(scale=HIDDEN))
    if settings.mirror:
        changes.append(RandomHorizontalFlip())
    return Compose(changes) if changes else None


def arguments_of(settings: Any) -> dict[str, Any]:
    """Of the network: beside the usual ones of its pictures."""
    return {name: getattr(settings, name) for name in ("width", "depth", "dropout", "residual", "transformer")}


def train(
    settings: Any, seed: int, part: camp.ImageSet, amp: bool = False, **options: Any
) -> tuple[paddle.nn.Layer, camp.History]:
    """Train one network according to the settings: the network, with the average of its weights, and the history."""
    paddle.seed(seed)
    model = camp.create_for("sign_net", part, **arguments_of(settings), image_size=part.kind.image_size)
    batches = camp.Batches(part, settings.batch_size, seed, augment=augmentation(settings))
    schedule = camp.schedules.warmup_cosine(settings.learning_rate, max(2, settings.num_epochs * len(batches)))
    parameters = model.parameters()
    optimizer = paddle.optimizer.AdamW(schedule, parameters=parameters, weight_decay=settings.weight_decay)
    return model, camp.fit(model, optimizer, batches, seed=seed, amp=amp, **settings.fit_options | options)


def outputs_of(model: paddle.nn.Layer, part: camp.ImageSet, amp: bool = False) -> dict[str, list]:
    """Class probabilities of every sign: as it is, and averaged over its variations; JSON values."""
    versions = [replace(part, images=images) for images in variations(part.images, edge=True)]
    found = [probabilities(camp.evaluate(model, camp.Batches(each, AT_ONCE), amp=amp).outputs) for each in versions]
    return {"plain": found[0].tolist(), "averaged": np.mean(found, axis=0).tolist()}


def mirrored(part: camp.ImageSet) -> camp.ImageSet:
    """The mirror images of all pictures; their labels stay, whatever the signs say now."""
    return replace(part, images=mirror(part.images))


def train_cell(what: str, seed: int, settings: Any, splits: dict, test: camp.ImageSet, amp: bool) -> dict:
    """The recipe, or a change of it, trained without the held-out pictures and measured on them; JSON values.

    Args:
        what: "recipe", "by picture" (the recipe on the split by picture) or a row of :data:`CHANGES`.
        splits: "track" and "picture" -> (pictures to train on, held-out ones).
    """
    rest, held = (as_scaled(part, what) for part in splits["picture" if what == BY_PICTURE else "track"])
    evaluations = {"holdout": camp.Batches(held, AT_ONCE)}
    model, history = train(changed(settings, what), seed, rest, amp, evaluations=evaluations, quiet=True)
    found: dict[str, Any] = {"history": history.as_dict(), "held": outputs_of(model, held, amp)}
    if what in (RECIPE, BY_PICTURE):
        found["test"] = outputs_of(model, test, amp)["plain"]
        seen = camp.evaluate(model, camp.Batches(mirrored(held), AT_ONCE), amp=amp)
        found["mirrored"] = predict_labels(seen.outputs).tolist()
    return found | {"seconds": sum(history.column("seconds"))}


def final_cell(final: int, settings: Any, part: camp.ImageSet, test: camp.ImageSet, folder: Path, amp: bool) -> dict:
    """One of the final networks: trained on all training pictures from the seed ``final``; JSON values."""
    keep = camp.CheckpointPolicy(folder / f"seed-{final}")
    model, history = train(settings, final, part, amp, keep=keep, quiet=True)
    kept = {"steps": [], "evaluations": history.evaluations}
    return {"history": kept, "seconds": sum(history.column("seconds"))} | outputs_of(model, test, amp)
