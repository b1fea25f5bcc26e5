"""Full-state checkpoints: weights, optimizer and place in the run, written so that a kill never loses both versions.

A checkpoint is three files, ``NAME.pdparams`` (weights), ``NAME.pdopt`` (optimizer) and ``NAME.state.json`` (step,
history, and the hashes of the other two). They are first written in full under ``.new`` names;
``NAME.state.json.new`` comes last, and from that moment the new checkpoint counts: :func:`recover` finishes the
renaming if a kill came between. Weights are read by an unpickler that knows arrays and nothing else, since an
ordinary pickle from a stranger can run any code.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import paddle
from paddle import nn

from paddle_camp.errors import CheckpointError
from paddle_camp.files import replace_file, sha256_of, write_json
from paddle_camp.networks.weights import load_weights, read_arrays

WEIGHTS, OPTIMIZER, STATE = ".pdparams", ".pdopt", ".state.json"
PARTS = (WEIGHTS, OPTIMIZER, STATE)
_STATELESS = "@stateless"


def save(folder: Path, name: str, model: nn.Layer, optimizer: paddle.optimizer.Optimizer, state: dict) -> None:
    """Write the checkpoint ``name`` in ``folder``; ``state`` is any JSON value with the place in the run.

    Raises:
        OSError: the disk is full or not writable; the checkpoint of the same name from before is still whole.
    """
    recover(folder, name)
    parts = {WEIGHTS: model.state_dict(), OPTIMIZER: _optimizer_state(model, optimizer)}
    hashes = {}
    for part, value in parts.items():
        new = folder / f"{name}{part}.new"
        replace_file(new, lambda path, value=value: paddle.save(value, str(path)))
        hashes[part] = sha256_of(new)
    write_json(folder / f"{name}{STATE}.new", {"sha256": hashes, "state": state})
    recover(folder, name)


def recover(folder: Path, name: str) -> None:
    """Finish a save that was cut off after its point of no return; what was cut off before is dropped."""
    complete = (folder / f"{name}{STATE}.new").exists()
    for part in PARTS:  # STATE comes last: until it is renamed, this function can be called again
        new = folder / f"{name}{part}.new"
        if complete and new.exists():
            os.replace(new, folder / f"{name}{part}")
        new.unlink(missing_ok=True)


def exists(folder: Path, name: str) -> bool:
    """Whether ``folder`` has a finished checkpoint ``name``."""
    recover(folder, name)
    return (folder / f"{name}{STATE}").exists()


def read_state(folder: Path, name: str) -> dict:
    """The ``state`` of a checkpoint, without its weights.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    recover(folder, name)
    return _read_manifest(folder, name)["state"]


def load(folder: Path, name: str, model: nn.Layer, optimizer: paddle.optimizer.Optimizer) -> dict:
    """Put model and optimizer where the checkpoint says and return its ``state``.

    Raises:
        CheckpointError: missing, damaged (hashes differ), or of another network or optimizer.
    """
    recover(folder, name)
    manifest = _read_manifest(folder, name)
    for part, digest in manifest["sha256"].items():
        path = folder / f"{name}{part}"
        if not path.exists() or sha256_of(path) != digest:
            raise CheckpointError(f"{path}: missing or damaged; delete the checkpoint {name!r} there and start again")
    optimizer_state = read_arrays(folder / f"{name}{OPTIMIZER}")
    _load_optimizer(model, optimizer, optimizer_state, folder / f"{name}{OPTIMIZER}")
    load_weights(model, folder / f"{name}{WEIGHTS}")  # last: preparing the optimizer takes a step
    return manifest["state"]


def copy(source: Path, source_name: str, folder: Path, name: str) -> None:
    """Give a checkpoint a second name, by hard links where the file system has them (a save never changes a file)."""
    recover(source, source_name)
    recover(folder, name)
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        original, new = source / f"{source_name}{part}", folder / f"{name}{part}.new"
        try:
            os.link(original, new)
        except OSError:
            replace_file(new, functools.partial(shutil.copyfile, original))
    recover(folder, name)


def verify_weights(path: Path) -> None:
    """Hold a ``.pdparams`` file to the hash that was noted when it was saved, if it was saved as a checkpoint.

    Raises:
        CheckpointError: it has changed since.
    """
    if path.exists() and path.with_suffix(STATE).exists():
        # A kill may have come when the weights were renamed and the manifest, the last, was not: see recover.
        parts = [part for part in (STATE, f"{STATE}.new") if path.with_suffix(part).exists()]
        noted = [_read_manifest(path.parent, path.stem, part).get("sha256", {}).get(WEIGHTS) for part in parts]
        if sha256_of(path) not in noted:
            raise CheckpointError(f"{path}: damaged: these are not the bytes that were saved; train again")


def _read_manifest(folder: Path, name: str, part: str = STATE) -> dict:
    path = folder / f"{name}{part}"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged ({error}); delete the checkpoint {name!r} there") from None


def _structured_keys(model: nn.Layer, optimizer: paddle.optimizer.Optimizer) -> dict[str, str]:
    """Map the optimizer's keys (``conv2d_7.w_0_velocity_0``) to lasting ones (``layer1.0.conv1.weight@velocity``).

    Paddle numbers parameters in the order in which a process made them, so its own keys fit no second model.
    """
    names = {p.name: key for key, p in model.named_parameters()}
    keys = {}
    for key in optimizer.state_dict():
        owner = max((n for n in names if key.startswith(n + "_")), key=len, default=None)
        if owner is not None:  # what has no owner is the learning-rate scheduler: a function of the step
            slot = re.sub(r"_\d+$", "", key[len(owner) + 1 :])
            keys[key] = f"{names[owner]}@{slot}"
    return keys


def slots(model: nn.Layer, optimizer: paddle.optimizer.Optimizer) -> dict[str, paddle.Tensor]:
    """The optimizer's state under lasting names (``layer1.0.conv1.weight@velocity``); empty for plain SGD."""
    state = optimizer.state_dict()
    return {lasting: state[key] for key, lasting in _structured_keys(model, optimizer).items()}


def make_slots(model: nn.Layer, optimizer: paddle.optimizer.Optimizer) -> None:
    """Make the optimizer's state, which exists only after a step: take one with zero gradients.

    It may move the weights (weight decay); load them afterwards.
    """
    parameters = [p for p in model.parameters() if not p.stop_gradient]
    paddle.add_n([(p * 0.0).sum() for p in parameters]).backward()
    optimizer.step()
    optimizer.clear_grad()


def _optimizer_state(model: nn.Layer, optimizer: paddle.optimizer.Optimizer) -> dict[str, Any]:
    # Plain SGD has no state, and paddle.save takes no empty dict.
    return slots(model, optimizer) or {_STATELESS: paddle.zeros([1])}


def _load_optimizer(model: nn.Layer, optimizer: paddle.optimizer.Optimizer, saved: dict, path: Path) -> None:
    make_slots(model, optimizer)
    keys = _structured_keys(model, optimizer)
    difference = sorted(set(keys.values()) ^ (set(saved) - {_STATELESS}))
    if difference:
        raise CheckpointError(f"{path}: it is of another optimizer or network ({difference[0]} is on one side only)")
    arrays = {key: paddle.to_tensor(saved[lasting]) for key, lasting in keys.items()}
    optimizer.set_state_dict(optimizer.state_dict() | arrays)  # Paddle wants its scheduler's state as well
