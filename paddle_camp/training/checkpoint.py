"""Full-state checkpoints: weights, optimizer and training state, written so that a kill leaves one complete version.

A checkpoint is three files, ``NAME.pdparams`` (weights), ``NAME.pdopt`` (optimizer) and ``NAME.state.json`` (step,
history, and the hashes of the other two). They are first written in full under ``.new`` names;
``NAME.state.json.new`` comes last, and from then on the new checkpoint is the valid one: :func:`recover` finishes the
renaming if the process was killed before the end of it. Files are read by :mod:`paddle_camp.networks.weights`.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeAlias

import paddle
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.errors import CheckpointError, one_line
from paddle_camp.files import read_json, read_sealed, rename, replace_file, sha256_of, write_sealed
from paddle_camp.networks.gradients import free_gradients
from paddle_camp.networks.weights import load_weights, read_arrays
from paddle_camp.training.averaging import WeightAverage

WEIGHTS, OPTIMIZER, STATE = ".pdparams", ".pdopt", ".state.json"
PARTS = (WEIGHTS, OPTIMIZER, STATE)
PAUSES = (0, 0.1, 0.2, 0.4)  # seconds before each look at weights: a run that is writing gets on with it
_STATELESS = "@stateless"
_TRAINED = "@trained"  # a weight as it is trained, where the weights file holds its average

Optimizers: TypeAlias = "Optimizer | Iterable[Optimizer]"


def save(
    folder: Path,
    name: str,
    model: nn.Layer,
    optimizers: Optimizers,
    state: dict,
    average: WeightAverage | None = None,
) -> None:
    """Write the checkpoint ``name`` in ``folder``, replacing the previous one; ``state`` is any JSON value.

    Args:
        optimizers: one, or several with parameters of their own.
        average: its weights, those to use, are the weights file then; the optimizer's file holds the trained ones too.

    Raises:
        OSError: the disk is full or not writable; the previous checkpoint of that name is intact.
    """
    recover(folder, name)
    parts = {WEIGHTS: model.state_dict(), OPTIMIZER: slots(model, optimizers)}
    if average is not None:
        parts[OPTIMIZER] |= {f"{key}{_TRAINED}": value for key, value in parts[WEIGHTS].items()}
        parts[WEIGHTS] = average.average
    parts[OPTIMIZER] = parts[OPTIMIZER] or {_STATELESS: paddle.zeros([1])}  # paddle.save takes no empty dict
    hashes = {}
    for part, value in parts.items():
        new = folder / f"{name}{part}.new"
        _write(new, value)
        hashes[part] = sha256_of(new)
    write_sealed(folder / f"{name}{STATE}.new", {"sha256": hashes, "state": state})
    recover(folder, name)


def save_network(folder: Path, model: nn.Layer) -> None:
    """A network that no ``fit`` has kept, such as a frozen one with a new head, as ``last`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder, "last", model, [], {"step": 0})


def _write(path: Path, value: dict) -> None:
    replace_file(path, lambda temporary: paddle.save(value, str(temporary)))


def recover(folder: Path, name: str) -> None:
    """Finish the renaming of a save that was interrupted after all files were written; discard an incomplete one."""
    complete = (folder / f"{name}{STATE}.new").exists()
    for part in PARTS:  # STATE comes last: until it is renamed, this function can be called again
        new = folder / f"{name}{part}.new"
        if complete and new.exists():
            rename(new, folder / f"{name}{part}")
        new.unlink(missing_ok=True)


def exists(folder: Path, name: str) -> bool:
    """Whether ``folder`` has a complete checkpoint ``name``."""
    recover(folder, name)
    return (folder / f"{name}{STATE}").exists()


def read_state(folder: Path, name: str) -> dict:
    """The ``state`` of a checkpoint, without its weights.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    recover(folder, name)
    return _read_manifest(folder, name)["state"]


def load(
    folder: Path, name: str, model: nn.Layer, optimizers: Optimizers, average: WeightAverage | None = None
) -> dict:
    """Load model, optimizers and average from a checkpoint and return its ``state``.

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
    names = model.state_dict().keys() if average is not None else ()
    trained = {key: optimizer_state.pop(f"{key}{_TRAINED}", None) for key in names}
    _load_optimizers(model, optimizers, optimizer_state, folder / f"{name}{OPTIMIZER}")
    load_weights(model, folder / f"{name}{WEIGHTS}")  # last: preparing the optimizer takes a step
    if average is not None:
        missing = [key for key, value in trained.items() if value is None]
        if 0 < len(missing) < len(trained):
            raise CheckpointError(f"{folder / name}{OPTIMIZER}: it averages not all weights ({missing[0]} is missing)")
        if missing:  # a fork of a training that averaged nothing
            average.begin()
        else:
            average.restore({key: paddle.to_tensor(value) for key, value in trained.items()})
    return manifest["state"]


def copy(source: Path, source_name: str, folder: Path, name: str, state: dict | None = None) -> None:
    """Copy a checkpoint, by hard links where the file system has them: a save replaces files, it never changes one.

    Args:
        state: of the copy; None: that of the original.
    """
    recover(source, source_name)
    recover(folder, name)
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        original, new = source / f"{source_name}{part}", folder / f"{name}{part}.new"
        if part == STATE and state is not None:
            write_sealed(new, _read_manifest(source, source_name) | {"state": state})
            continue
        try:
            os.link(original, new)
        except OSError:
            replace_file(new, functools.partial(shutil.copyfile, original))
    recover(folder, name)


def verify_weights(path: Path) -> None:
    """Compare a ``.pdparams`` file with the SHA-256 in its manifest; one without a manifest passes.

    Raises:
        CheckpointError: the hashes differ.
    """
    for pause in PAUSES:
        time.sleep(pause)
        if _is_as_saved(path):
            return
    raise CheckpointError(f"{path}: damaged: these are not the bytes that were saved; train again")


def _is_as_saved(path: Path) -> bool:
    if not (path.exists() and path.with_suffix(STATE).exists()):
        return True
    # A kill may have come when the weights were renamed and the manifest, the last, was not: see recover.
    parts = [part for part in (STATE, f"{STATE}.new") if path.with_suffix(part).exists()]
    noted = [read_json(path.with_suffix(part)).get("sha256") for part in parts]
    return sha256_of(path) in [hashes.get(WEIGHTS) for hashes in noted if isinstance(hashes, dict)]


def _read_manifest(folder: Path, name: str) -> dict:
    path = folder / f"{name}{STATE}"
    try:
        manifest = read_sealed(path)
        if not (isinstance(manifest.get("sha256"), dict) and isinstance(manifest.get("state"), dict)):
            raise ValueError("it is no checkpoint's")
        return manifest
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged ({one_line(error)}); delete the checkpoint {name!r} there") from None


def _structured_keys(model: nn.Layer, optimizer: Optimizer) -> dict[str, str]:
    """Map the optimizer's keys (``conv2d_7.w_0_velocity_0``) to stable ones (``layer1.0.conv1.weight@velocity``).

    Paddle numbers parameters in the order of their creation in a process, so its keys do not match another model's.
    """
    names = {p.name: key for key, p in model.named_parameters()}
    keys = {}
    for key in optimizer.state_dict():
        owner = max((n for n in names if key.startswith(n + "_")), key=len, default=None)
        if owner is not None:  # what has no owner is the learning-rate scheduler: a function of the step
            slot = re.sub(r"_\d+$", "", key[len(owner) + 1 :])
            keys[key] = f"{names[owner]}@{slot}"
    return keys


def _owner(slot: str) -> str:
    """The parameter of ``layer1.0.conv1.weight@velocity``."""
    return slot.partition("@")[0]


def owners(model: nn.Layer, optimizers: Optimizers) -> set[str]:
    """The parameters that have a state: those that a step has used."""
    return {_owner(slot) for slot in slots(model, optimizers)}


def _each(optimizers: Optimizers) -> list[Optimizer]:
    return [optimizers] if isinstance(optimizers, Optimizer) else list(optimizers)


def slots(model: nn.Layer, optimizers: Optimizers) -> dict[str, paddle.Tensor]:
    """The optimizers' state under stable names (``layer1.0.conv1.weight@velocity``); empty for plain SGD."""
    found: dict[str, paddle.Tensor] = {}
    for optimizer in _each(optimizers):
        state = optimizer.state_dict()
        found |= {stable: state[key] for key, stable in _structured_keys(model, optimizer).items()}
    return found


def make_slots(model: nn.Layer, optimizers: Optimizers, names: Collection[str] = ()) -> None:
    """Create the optimizers' state, which exists only after a step, by a step with zero gradients.

    Weight decay may change the weights in it, so load them afterwards.

    Args:
        names: of the parameters that have a state; none: all that are trained.
    """
    trained = {name: each for name, each in model.named_parameters() if not each.stop_gradient}
    parameters = [each for name, each in trained.items() if not names or name in names]
    if not parameters:
        return
    paddle.add_n([(p * 0.0).sum() for p in parameters]).backward()
    for optimizer in _each(optimizers):
        optimizer.step()
    free_gradients(model.parameters())


def _load_optimizers(model: nn.Layer, optimizers: Optimizers, saved: dict, path: Path) -> None:
    optimizers = _each(optimizers)
    frozen = {name for name, each in model.named_parameters() if each.stop_gradient}  # since then
    saved = {key: value for key, value in saved.items() if key != _STATELESS and _owner(key) not in frozen}
    make_slots(model, optimizers, {_owner(key) for key in saved})
    keys = [_structured_keys(model, optimizer) for optimizer in optimizers]
    difference = sorted({stable for each in keys for stable in each.values()} ^ set(saved))
    if difference:
        raise CheckpointError(f"{path}: it is of another optimizer or network ({difference[0]} is on one side only)")
    for optimizer, its_keys in zip(optimizers, keys, strict=True):
        arrays = {key: paddle.to_tensor(saved[stable]) for key, stable in its_keys.items()}
        optimizer.set_state_dict(optimizer.state_dict() | arrays)  # Paddle wants its scheduler's state as well
