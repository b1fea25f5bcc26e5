""":func:`fit`: epochs of training with evaluations, checkpoints and resumption."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import paddle
from paddle import nn
from paddle.optimizer.lr import LRScheduler

from paddle_camp.data.batches import BatchSource
from paddle_camp.distributed import collectives
from paddle_camp.distributed.synced_norm import convert_sync_batch_norm
from paddle_camp.errors import CheckpointError, DivergedError
from paddle_camp.history import History, Row
from paddle_camp.speed.cudnn import search_algorithms, stop_searching
from paddle_camp.speed.feeding import on_device
from paddle_camp.speed.threads import threads_for
from paddle_camp.training import checkpoint
from paddle_camp.training.loop import evaluate, train_one_epoch
from paddle_camp.training.losses import LossFunction, classification_loss
from paddle_camp.training.precision import amp_dtype
from paddle_camp.training.progress import Progress, interruptible


@dataclass(frozen=True)
class CheckpointPolicy:
    """What :func:`fit` saves, and where.

    Attributes:
        folder: gets ``last`` at every epoch's end and every ``seconds``, ``best`` when the loss on ``best_on`` reaches
            a new minimum, and ``epoch_K`` after each epoch if ``every_epoch``.
        best_on: the name of an evaluation, never of the split that results are reported on; None for no ``best``.
    """

    folder: Path
    best_on: str | None = None
    every_epoch: bool = False
    seconds: float = 60.0


Keep = CheckpointPolicy  # its name until 0.1


def fit(
    model: nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    train: BatchSource,
    *,
    num_epochs: int,
    loss_fn: LossFunction = classification_loss,
    schedule: LRScheduler | None = None,
    evaluations: Mapping[str, BatchSource] | None = None,
    eval_steps: Collection[int] = (),
    seed: int = 0,
    amp: bool = False,
    keep: CheckpointPolicy | None = None,
    probe: Callable[[nn.Layer], Row] | None = None,
    name: str = "train",
    quiet: bool = False,
) -> History:
    """Train for ``num_epochs``, evaluating on every set of ``evaluations`` after each epoch.

    Args:
        evaluations: split name to batches, for example ``{"holdout": ..., "validation": ...}``.
        eval_steps: step counts within an epoch after which to evaluate as well.
        amp: mixed precision; parameters, losses and batch statistics stay float32.
        keep: where checkpoints go. If there is a ``last`` already, training resumes from it.
        probe: is called with the model before the first step and after each epoch; what it returns is appended to the
            history's ``evaluations`` as a row of the split "probe". It must not change the model.
        name: the label of the progress bar.

    Returns:
        The history of the whole training, the part before a resumption included.

    Raises:
        DivergedError: the loss became NaN or infinite. ``last`` is from before that step.
        OutOfMemoryError: the message names the next smaller batch size.
        KeyboardInterrupt: Ctrl-C; ``last`` has the state after the current step.
    """
    convert_sync_batch_norm(model)
    train, evaluations = on_device(train), {split: on_device(each) for split, each in (evaluations or {}).items()}
    if collectives.world().rank > 0:
        keep, quiet = None, True  # only rank 0 saves and prints; its state is broadcast
    run = _Run(model, optimizer, loss_fn, evaluations, frozenset(eval_steps), amp, keep, probe, len(train))
    run.restore()
    # The loss scale is not saved: after a resumption it is found again within a few steps.
    scaler = paddle.amp.GradScaler() if amp and amp_dtype() == "float16" else None
    one_epoch = functools.partial(
        train_one_epoch, model, optimizer, train, loss_fn=loss_fn, schedule=schedule, seed=seed, amp=amp, scaler=scaler
    )
    run.progress = Progress(name, num_epochs * train.num_samples, sum(run.history.column("samples")), quiet)
    try:
        with interruptible() as run.asked, threads_for(model, train):
            if run.step == 0:
                run.look_inside()
            while run.step < num_epochs * len(train):
                epoch, start = divmod(run.step, len(train))
                one_epoch(epoch, start=start, on_step=run.after_step)
                run.after_epoch(epoch)
        run.stop_if_asked()  # a Ctrl-C after the last step
    finally:
        run.close()
    return run.history


def fork(source: Path, epoch: int, folder: Path) -> None:
    """Start a training in ``folder`` from the checkpoint of another after ``epoch`` epochs, if it has none yet.

    Args:
        source: the other's folder, kept with ``every_epoch``; its ``best`` as of that epoch is copied as well.
        epoch: 0 starts from scratch, where there is nothing to copy.
    """
    if epoch == 0 or collectives.world().rank > 0 or checkpoint.exists(folder, "last"):
        return
    state = checkpoint.read_state(source, f"epoch_{epoch}")
    steps_per_epoch = state["step"] // epoch
    if state["best"]["step"]:
        checkpoint.copy(source, f"epoch_{state['best']['step'] // steps_per_epoch}", folder, "best")
    checkpoint.copy(source, f"epoch_{epoch}", folder, "last")  # comes last: a folder with ``last`` is resumed


def publish(source: Path, folder: Path) -> None:
    """Copy the ``last`` and ``best`` of one training to the run's ``folder``."""
    for name in ("last", "best"):
        if collectives.world().rank == 0 and checkpoint.exists(source, name):
            checkpoint.copy(source, name, folder, name)


@dataclass
class _Run:
    """The state of one :func:`fit`: position, history, best loss, and when it was last saved."""

    model: nn.Layer
    optimizer: paddle.optimizer.Optimizer
    loss_fn: LossFunction
    evaluations: Mapping[str, BatchSource]
    eval_steps: Collection[int]
    amp: bool
    keep: CheckpointPolicy | None
    probe: Callable[[nn.Layer], Row] | None
    steps_per_epoch: int
    step: int = 0
    best: dict = field(default_factory=lambda: {"step": 0, "loss": None})
    history: History = field(default_factory=History)
    saved_at: float = field(default_factory=time.monotonic)
    asked: threading.Event = field(default_factory=threading.Event)
    searching: bool = False
    progress: Progress = field(init=False)  # begins where the restored history ends

    def restore(self) -> None:
        """Restore every process from rank 0's ``last``, or broadcast its initial weights."""
        state = collectives.broadcast_object(self.load)
        if state is not None and collectives.world().rank > 0:
            checkpoint.make_slots(self.model, self.optimizer)
        collectives.broadcast(self.model.state_dict().values())
        if state is None:
            return
        collectives.broadcast(checkpoint.slots(self.model, self.optimizer).values())
        self.step, self.best = state["step"], state["best"]
        self.history = History.from_dict(state["history"])
        if self.keep is not None:
            self.name_copies(self.keep)  # the process may have been killed between saving `last` and copying it

    def load(self) -> dict | None:
        if self.keep is None or not checkpoint.exists(self.keep.folder, "last"):
            return None
        state = checkpoint.load(self.keep.folder, "last", self.model, self.optimizer)
        try:
            rows = History.from_dict(state["history"])
            if not all(isinstance(row, dict) for row in [state["best"], *rows.steps, *rows.evaluations]):
                raise TypeError("a row is no object")
            sum(rows.column("samples"))  # where the progress bar will begin
            return state | {"step": int(state["step"])}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"{self.keep.folder}: last holds no place in a training ({error!r})") from None

    def save(self, keep: CheckpointPolicy) -> None:
        state = {"step": self.step, "best": self.best, "history": self.history.as_dict()}
        checkpoint.save(keep.folder, "last", self.model, self.optimizer, state)
        self.saved_at = time.monotonic()

    def name_copies(self, keep: CheckpointPolicy) -> None:
        """Copy ``last`` to ``best`` and ``epoch_K`` where it is one of them."""
        names = ["best"] if self.step == self.best["step"] and self.step else []
        if keep.every_epoch and self.step and self.step % self.steps_per_epoch == 0:
            names.append(f"epoch_{self.step // self.steps_per_epoch}")
        for name in names:
            checkpoint.copy(keep.folder, "last", keep.folder, name)

    def after_step(self, row: Row) -> None:
        self.history.steps.append(row)
        self.step = row["step"]
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
        rows = [row for row in self.history.steps if row["epoch"] == epoch]
        samples = sum(row["samples"] for row in rows)
        loss = sum(row["loss"] * row["samples"] for row in rows) / samples
        seconds = sum(row["seconds"] for row in rows)
        row = {"epoch": float(epoch + 1), "step": self.step, "split": "train", "loss": loss}
        self.history.evaluations.append(row | {"samples": samples, "seconds": seconds})
        losses = self.measure()
        self.look_inside()
        if self.keep is not None:
            loss = losses.get(self.keep.best_on) if self.keep.best_on else None
            if loss is not None and (self.best["loss"] is None or loss < self.best["loss"]):
                self.best = {"step": self.step, "loss": loss}
            self.save(self.keep)
            self.name_copies(self.keep)
        self.stop_if_asked()

    def measure(self) -> dict[str, float]:
        """Evaluate on every split, append the rows to the history, and return the losses."""
        losses = {}
        for split, batches in self.evaluations.items():
            result = evaluate(self.model, batches, self.loss_fn, self.amp)
            if not math.isfinite(result.loss):
                raise DivergedError(self.step, result.loss, split)
            row: Row = {"epoch": self.step / self.steps_per_epoch, "step": self.step, "split": split}
            row["loss"] = result.loss
            if result.accuracy is not None:
                row["accuracy"] = result.accuracy
            self.history.evaluations.append(row | {"samples": len(result.labels), "seconds": result.seconds})
            self.progress.measured(row)
            losses[split] = result.loss
        return losses

    def look_inside(self) -> None:
        """Append the probe's row to the history."""
        if self.probe is not None:
            row = {"epoch": self.step / self.steps_per_epoch, "step": self.step, "split": "probe"}
            self.history.evaluations.append(row | self.probe(self.model))

    def close(self) -> None:
        self.progress.close()
        if self.searching:
            stop_searching()

    def stop_if_asked(self) -> None:
        if collectives.any_rank(self.asked.is_set()):
            raise KeyboardInterrupt
