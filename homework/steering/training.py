"""How a network learns to steer: its target, its recipe with one part changed, and the split that leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.data.drives.augment import RoadChanges

AT_ONCE = 250  # pictures that are measured in a batch
NETWORK = "pilot_net"
# The recipe with one part changed: name of a row -> the settings of that row.
CHANGES: dict[str, dict[str, Any]] = {
    "joystick": {"smooth_share": 0.0},
    "angle shifted": {"angle_per_width": 1.0},
    "no mirror": {"mirror": False, "mirrored": False},
    "no changes": {"shift": 0.0, "lift": 0.0, "light": 0.0},
    "no norm": {"batch_norm": False},
}
RECIPE, NEIGHBOURS = "recipe", "neighbours seen"


def joined(*parts: camp.ImageSet | None) -> camp.ImageSet:
    """Several sets of pictures as one, those that there are."""
    there = [part for part in parts if part is not None]
    images, labels = (np.concatenate([getattr(part, name) for part in there]) for name in ("images", "labels"))
    names, groups = (sum((getattr(part, name) for part in there), ()) for name in ("names", "groups"))
    return replace(there[0], images=images, labels=labels, names=names, groups=groups)


def with_target(part: camp.ImageSet, smooth_share: float) -> camp.ImageSet:
    """What is learnt, ``[N]``: the joystick's angle mixed with its moving mean."""
    raw, smooth = part.labels.T
    return replace(part, labels=((1 - smooth_share) * raw + smooth_share * smooth).astype(np.float32))


def changes_of(settings: Any) -> RoadChanges:
    """The random changes to training pictures; the angle changes with them."""
    names = ("mirror", "shift", "lift", "angle_per_width", "light", "blur")
    return RoadChanges(**{name: getattr(settings, name) for name in names})


def arguments_of(settings: Any) -> dict[str, Any]:
    """Of the network."""
    names = ("batch_norm", "dropout", "mirrored")
    return {"num_classes": 1, "in_channels": 3} | {name: getattr(settings, name) for name in names}


def train(
    settings: Any, seed: int, part: camp.ImageSet, amp: bool = False, **options: Any
) -> tuple[paddle.nn.Layer, camp.History]:
    """Train one network according to the settings: the network, with the average of its weights, and the history."""
    paddle.seed(seed)
    model = camp.create_model(NETWORK, **arguments_of(settings))
    part = with_target(part, settings.smooth_share)
    batches = camp.Batches(part, settings.batch_size, seed, augment_pairs=changes_of(settings))
    schedule = camp.schedules.warmup_cosine(settings.learning_rate, max(2, settings.num_epochs * len(batches)))
    parameters = model.parameters()
    optimizer = paddle.optimizer.AdamW(schedule, parameters=parameters, weight_decay=settings.weight_decay)
    options = {"loss_fn": camp.regression_loss, "seed": seed, "amp": amp, "quiet": True} | options
    return model, camp.fit(model, optimizer, batches, **settings.fit_options | options)


def angles_of(model: paddle.nn.Layer, part: camp.ImageSet, amp: bool = False) -> np.ndarray:
    """What the network steers, from -1 to 1, float64 ``[N]``."""
    batches = camp.Batches(with_target(part, 0.0), AT_ONCE)
    said = camp.evaluate(model, batches, camp.regression_loss, amp).outputs
    return np.clip(said[:, 0].astype(np.float64), -1, 1)


def seen_and_asked(train: camp.ImageSet, valid: camp.ImageSet, seed: int) -> tuple[camp.ImageSet, np.ndarray]:
    """A split by picture inside the held-out blocks: every second picture of them is trained on, the others are asked.

    Returns:
        As many training pictures as in ``train``, every second one of ``valid`` in the place of some that are drawn;
        and which of ``valid`` are left to ask, bool ``[N]``.
    """
    asked = np.arange(len(valid)) % 2 == 1
    rest = max(0, len(train) - int((~asked).sum()))
    kept = np.sort(np.random.default_rng([seed, 21]).permutation(len(train))[:rest])
    return joined(train.take(kept), valid.take(np.flatnonzero(~asked))), asked


def train_cell(what: str, seed: int, settings: Any, parts: dict, amp: bool) -> dict:
    """The recipe, a change of it, or the recipe on pictures whose neighbours are asked for; JSON values.

    Args:
        what: "recipe", "neighbours seen" or a row of :data:`CHANGES`.
        parts: "train", "sides" (or None), "valid", "test".
    """
    valid, test = parts["valid"], parts["test"]
    own = replace(settings, **CHANGES.get(what, {}))
    part = seen_and_asked(parts["train"], valid, seed)[0] if what == NEIGHBOURS else parts["train"]
    watched = {"holdout": camp.Batches(with_target(valid, own.smooth_share), AT_ONCE)}
    model, history = train(own, seed, joined(part, parts["sides"]), amp, evaluations=watched)
    said = {name: angles_of(model, each, amp).tolist() for name, each in (("valid", valid), ("test", test))}
    return {"history": history.as_dict(), "seconds": sum(history.column("seconds"))} | said


def final_cell(final: int, settings: Any, parts: dict, folder: Path, amp: bool) -> dict:
    """One of the final networks: trained on the validation pictures as well, from the seed ``final``; JSON values."""
    part = joined(parts["train"], parts["valid"], parts["sides"])
    keep = camp.CheckpointPolicy(folder / f"seed-{final}")
    model, history = train(settings, final, part, amp, keep=keep)
    kept = {"steps": [], "evaluations": history.evaluations}
    seconds = sum(history.column("seconds"))
    return {"history": kept, "seconds": seconds, "test": angles_of(model, parts["test"], amp).tolist()}
