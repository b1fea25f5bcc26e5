"""The state of a training between its steps: position, history, best loss, and what is saved of it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from paddle import nn
from paddle.optimizer.lr import ReduceOnPlateau

from paddle_camp.data.batches import BatchSource
from paddle_camp.distributed import collectives
from paddle_camp.errors import CheckpointError, DivergedError, require
from paddle_camp.history import History, Row
from paddle_camp.nested import leaves
from paddle_camp.speed.cudnn import search_algorithms, stop_searching
from paddle_camp.speed.feeding import as_array
from paddle_camp.training import checkpoint
from paddle_camp.training.averaging import WeightAverage
from paddle_camp.training.policy import CheckpointPolicy
from paddle_camp.training.progress import Progress
from paddle_camp.training.schedules import Interval, rates_at
from paddle_camp.training.tasks import Task


@dataclass
class Session:
    """One :func:`~paddle_camp.training.fit.fit_task`: its arguments, and its state so far."""

    task: Task
    train: BatchSource
    num_epochs: int
    seed: int
    evaluations: Mapping[str, BatchSource]
    eval_steps: Collection[int]
    schedule_interval: Interval
    average: WeightAverage | None
    patience: int | None
    keep: CheckpointPolicy | None
    probe: Callable[[nn.Layer], Row] | None
    quiet: bool
    step: int = 0
    best: dict = field(default_factory=lambda: {"step": 0, "loss": None})
    history: History = field(default_factory=History)
    training: dict = field(default_factory=dict)  # what it is, in words
    saved_at: float = field(default_factory=time.monotonic)
    asked: threading.Event = field(default_factory=threading.Event)
    searching: bool = False
    progress: Progress = field(init=False)  # begins where the restored history ends

    def __post_init__(self) -> None:
        whole = isinstance(self.num_epochs, int | np.integer) and self.num_epochs >= 0
        require(whole, f"num_epochs={self.num_epochs}: give a whole number, 0 or more")
        known = self.schedule_interval in ("step", "epoch")
        require(known, f"schedule_interval={self.schedule_interval!r}: give 'step' or 'epoch'")
        taken = sorted({"train", "probe"} & set(self.evaluations))
        require(not taken, f"evaluations: {taken} is the history's own name for something else; choose another")
        self.steps_per_epoch = len(self.train)
        named = self.keep.best_on if self.keep is not None else None
        only = next(iter(self.evaluations)) if len(self.evaluations) == 1 else None
        self.watched = named or only
        there = ", ".join(self.evaluations) or "none"
        require(named is None or named in self.evaluations, f"best_on={named!r}: the evaluations are: {there}")
        self.plateaus = {n: s for n, s in self.task.schedules.items() if isinstance(s, ReduceOnPlateau)}
        if self.patience is not None or self.plateaus:
            what = "ReduceOnPlateau" if self.plateaus else "patience"
            require(self.watched is not None, f"{what} watches a loss: give one evaluation, or a best_on")
        require(self.patience is None or self.patience > 0, f"patience={self.patience}: give 1 epoch or more")
        if collectives.world().rank > 0:  # rank 0 alone saves and prints; its state is broadcast
            self.keep, self.quiet = None, True
        if self.keep is not None:
            self.training = self.describe()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or ``patience`` is at its end."""
        waited = self.step - self.best["step"] if self.best["step"] else 0
        tired = self.patience is not None and waited >= self.patience * self.steps_per_epoch
        return tired or self.step >= self.num_epochs * self.steps_per_epoch

    def describe(self) -> dict[str, Any]:
        """What makes this training another one than that of a folder, in JSON values."""
        first = hashlib.sha256()
        for array in leaves(next(iter(self.train.epoch()), ())):
            first.update(np.ascontiguousarray(as_array(array)).tobytes())
        units = self.num_epochs * (self.steps_per_epoch if self.schedule_interval == "step" else 1)
        rates = {name: rates_at(each, units) for name, each in self.task.optimizers.items()}
        data = {"samples": self.train.num_samples, "batch_size": self.train.batch_size, "data": first.hexdigest()[:16]}
        more: dict[str, Any] = {"evaluations": list(self.evaluations)}
        more |= {"ema_decay": self.average.decay if self.average else None, "patience": self.patience}
        return (
            {"num_epochs": self.num_epochs, "learning_rate": rates, "seed": self.seed}
            | data
            | more
            | self.task.describe()
        )

    def restore(self) -> None:
        """Restore every process from rank 0's ``last``, or broadcast its initial weights."""
        network, optimizers = self.task.network, self.task.optimizers.values()
        state = collectives.broadcast_object(self.load)
        if state is not None and collectives.world().rank > 0:
            checkpoint.make_slots(network, optimizers, state["slots"])
        collectives.broadcast(network.state_dict().values())
        if self.average is not None:
            collectives.broadcast(self.average.average.values())
        if state is None:
            return
        collectives.broadcast(checkpoint.slots(network, optimizers).values())
        self.step, self.best = state["step"], state["best"]
        self.history = History.from_dict(state["history"])
        for name, schedule in self.plateaus.items():
            schedule.set_state_dict(state["plateaus"][name])
        if self.keep is not None:
            self.name_copies(self.keep)  # the process may have been killed between saving `last` and copying it
            if not self.quiet:
                said = "finished already, after" if self.finished else "continuing from"
                print(f"{said} step {self.step} of {self.keep.folder}", file=sys.stderr)

    def load(self) -> dict | None:
        """The state of ``last``, if there is one, and its weights into the networks.

        Raises:
            CheckpointError: it is damaged, or of another training.
        """
        if self.keep is None or not checkpoint.exists(self.keep.folder, "last"):
            return None
        folder = self.keep.folder
        self.compare(folder, checkpoint.read_state(folder, "last").get("training"))
        state = checkpoint.load(folder, "last", self.task.network, self.task.optimizers.values(), self.average)
        try:
            rows = History.from_dict(state["history"])
            if not all(isinstance(row, dict) for row in [state["best"], *rows.steps, *rows.evaluations]):
                raise TypeError("a row is no object")
            sum(rows.column("samples"))  # where the progress bar will begin
            slots = checkpoint.owners(self.task.network, self.task.optimizers.values())
            return state | {"step": int(state["step"]), "slots": slots}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"{folder}: last holds no place in a training ({error!r})") from None

    def compare(self, folder: Path, began: Any) -> None:
        """Raise :class:`CheckpointError` if ``began``, what the training in ``folder`` was, differs from this one."""
        began = began if isinstance(began, dict) else {}  # a fork's, or one of an older version
        if other := [key for key in self.training if key in began and began[key] != self.training[key]]:
            first, *more = other
            also = f" (also different: {', '.join(more)})" if more else ""
            raise CheckpointError(
                f"{folder}: holds another training: {first} is {began[first]} there and "
                f"{self.training[first]} here{also}; give another folder, or delete that one"
            )

    def save(self, keep: CheckpointPolicy) -> None:
        """Write ``last``."""
        state = {"step": self.step, "best": self.best, "history": self.history.as_dict(), "training": self.training}
        if self.plateaus:
            state["plateaus"] = {name: schedule.state_dict() for name, schedule in self.plateaus.items()}
        optimizers = self.task.optimizers.values()
        checkpoint.save(keep.folder, "last", self.task.network, optimizers, state, self.average)
        self.saved_at = time.monotonic()

    def name_copies(self, keep: CheckpointPolicy) -> None:
        """Copy ``last`` to ``best`` and ``epoch_K`` where it is one of them."""
        names = ["best"] if keep.best_on and self.step == self.best["step"] and self.step else []
        epoch, rest = divmod(self.step, self.steps_per_epoch)
        if epoch and not rest and keep.keeps(epoch):
            names.append(f"epoch_{epoch}")
        for name in names:
            checkpoint.copy(keep.folder, "last", keep.folder, name)

    def after_step(self, row: Row) -> None:
        """Note a step; save if it is time, and stop if a signal asked for it."""
        self.history.steps.append(row)
        self.step = row["step"]
        if self.average is not None:
            self.average.update(self.step)
        self.progress.step(row)
        self.searching = self.searching or search_algorithms()  # not before a step has shown that the batch fits
        if row["batch"] + 1 == self.steps_per_epoch:
            return  # after_epoch measures and saves
        if self.step in self.eval_steps:
            self.measure()
        asked = collectives.any_rank(self.asked.is_set())  # all ranks stop after the same step
        if self.keep is not None and (asked or time.monotonic() - self.saved_at >= self.keep.seconds):
            self.save(self.keep)
        if asked:
            raise KeyboardInterrupt

    def after_epoch(self, epoch: int) -> None:
        """Note the epoch, measure, watch the loss, and save."""
        rows = [row for row in self.history.steps if row["epoch"] == epoch]
        samples = sum(row["samples"] for row in rows)
        loss = sum(row["loss"] * row["samples"] for row in rows) / samples
        seconds = sum(row["seconds"] for row in rows)
        row = {"epoch": float(epoch + 1), "step": self.step, "split": "train", "loss": loss}
        row |= {"samples": samples, "seconds": seconds}
        self.history.evaluations.append(row)
        self.progress.epoch_done(row)
        watched = self.measure().get(self.watched or "")
        self.look_inside()
        if watched is not None:
            if self.best["loss"] is None or watched < self.best["loss"]:
                self.best = {"step": self.step, "loss": watched}
            for schedule in {id(each): each for each in self.plateaus.values()}.values():  # two may share one
                schedule.step(watched)
        if self.keep is not None:
            self.save(self.keep)
            self.name_copies(self.keep)
        self.stop_if_asked()

    def measure(self) -> dict[str, float]:
        """Measure every split, append the rows to the history, and return the losses."""
        losses = {}
        with self.averaged():
            for split, batches in self.evaluations.items():
                found = self.task.measure(batches)
                if not math.isfinite(found["loss"]):
                    raise DivergedError(self.step, found["loss"], split)
                row: Row = {"epoch": self.step / self.steps_per_epoch, "step": self.step, "split": split} | found
                self.history.evaluations.append(row)
                self.progress.measured(row)
                losses[split] = row["loss"]
        return losses

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Inside, the network has the averaged weights, if there are any."""
        return contextlib.nullcontext() if self.average is None else self.average.applied()

    def look_inside(self) -> None:
        """Append the probe's row to the history."""
        if self.probe is not None:
            row = {"epoch": self.step / self.steps_per_epoch, "step": self.step, "split": "probe"}
            with self.averaged():
                self.history.evaluations.append(row | self.probe(self.task.network))

    def close(self) -> None:
        """Leave the progress display, and the network with the weights to use."""
        self.progress.close()
        if self.searching:
            stop_searching()
        if self.average is not None:
            self.average.apply()

    def stop_if_asked(self) -> None:
        """Raise KeyboardInterrupt if a signal came on any rank."""
        if collectives.any_rank(self.asked.is_set()):
            raise KeyboardInterrupt
