""":func:`fit`: epochs of training with evaluations, checkpoints and resumption."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.optimizer.lr import LRScheduler

from paddle_camp import first_batch, live
from paddle_camp.data.batches import as_batches
from paddle_camp.distributed import collectives
from paddle_camp.distributed.synced_norm import convert_sync_batch_norm
from paddle_camp.errors import require
from paddle_camp.history import History, Row
from paddle_camp.speed.feeding import on_device
from paddle_camp.speed.threads import threads_for
from paddle_camp.training import checkpoint
from paddle_camp.training.averaging import WeightAverage
from paddle_camp.training.leftovers import make_room
from paddle_camp.training.loop import train_one_epoch
from paddle_camp.training.losses import LossFunction, balanced_weights, classification_loss, regression_loss
from paddle_camp.training.policy import CheckpointPolicy
from paddle_camp.training.progress import Together, interruptible, show_progress, with_watchers
from paddle_camp.training.recording import Recorder
from paddle_camp.training.schedules import Interval, schedule_of
from paddle_camp.training.session import Session
from paddle_camp.training.tasks import Regression, Supervised, Task

Keep = CheckpointPolicy  # its name until 0.1


def fit(
    model: nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    train: Any,
    *,
    num_epochs: int,
    loss_fn: LossFunction = classification_loss,
    schedule: LRScheduler | None = None,
    amp: bool = False,
    accumulate: int = 1,
    clip_norm: float | None = None,
    class_weights: str | Sequence[float] | np.ndarray | None = None,
    label_smoothing: float = 0.0,
    batch_size: int = 32,
    seed: int = 0,
    **options: Any,
) -> History:
    """Train a network on (inputs, labels): :func:`fit_task` with a :class:`~paddle_camp.training.tasks.Supervised`.

    Args:
        train: batches, an :class:`~paddle_camp.data.image_set.ImageSet`, arrays (x, y), a ``paddle.io.Dataset`` or
            ``DataLoader``; see :func:`~paddle_camp.data.batches.as_batches`.
        loss_fn: (outputs, labels) to a scalar mean over the batch; ``regression_loss`` for float labels.
        schedule: may be left out: it is the one that the optimizer was built with.
        amp: mixed precision; parameters, losses and batch statistics stay float32. On a CPU see
            :func:`~paddle_camp.training.precision.autocast`.
        accumulate: parts that a batch is computed in before the optimizer's step, to save memory.
        clip_norm: the largest Euclidean norm of all gradients together.
        class_weights: one a class, or "balanced": each class adds as much to the loss. Only in training.
        label_smoothing: share of a label that is spread over all classes. Only in training.
        batch_size: of ``train`` and evaluations that are no batches yet.
        **options: of :func:`fit_task`: evaluations, keep, seed, patience, ema_decay, and the rest.

    Returns, raises: see :func:`fit_task`.
    """
    own = schedule is None or schedule is schedule_of(optimizer)
    require(own, "schedule= is not the optimizer's scheduler: build the optimizer with it, and leave schedule= out")
    train = as_batches(train, batch_size, seed)
    if isinstance(class_weights, str):
        require(class_weights == "balanced", f'class_weights={class_weights!r}: give numbers, or "balanced"')
        class_weights = balanced_weights(train.labels)
    task = (Regression if loss_fn is regression_loss else Supervised)(
        model,
        optimizer,
        loss_fn,
        accumulate=accumulate,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        amp=amp,
        clip_norm=clip_norm,
    )
    return fit_task(task, train, num_epochs=num_epochs, batch_size=batch_size, seed=seed, **options)


def fit_task(
    task: Task,
    train: Any,
    *,
    num_epochs: int,
    evaluations: Any = None,
    eval_steps: Collection[int] = (),
    schedule_interval: Interval = "step",
    ema_decay: float | None = None,
    patience: int | None = None,
    batch_size: int = 32,
    seed: int = 0,
    keep: CheckpointPolicy | Path | str | None = None,
    probe: Callable[[nn.Layer], Row] | None = None,
    name: str = "train",
    quiet: bool = False,
) -> History:
    """Train a task for ``num_epochs``, measuring on every set of ``evaluations`` after each epoch.

    The watched loss is that of ``keep.best_on``, else of the only evaluation.

    Args:
        evaluations: split name to batches (or what :func:`~paddle_camp.data.batches.as_batches` takes), for example
            ``{"holdout": ..., "validation": ...}``; one set by itself is "validation".
        eval_steps: step counts within an epoch after which to evaluate as well.
        schedule_interval: what the optimizers' schedulers count; ``ReduceOnPlateau`` gets the watched loss instead.
        ema_decay: measure, save and return the exponential moving average of the weights, such as 0.999.
        patience: stop after so many epochs in which the watched loss reached no new minimum.
        keep: where checkpoints go. If there is a ``last`` of the same training already, it is resumed.
        probe: is called with the network before the first step and after each epoch; what it returns is appended to
            the history's ``evaluations`` as a row of the split "probe". It must not change the network.
        name: the label of the progress bar.

    Returns:
        The history of the whole training, the part before a resumption included.

    Raises:
        DivergedError: the loss became NaN or infinite. ``last`` is from before that step.
        OutOfMemoryError: the message names the next smaller batch size.
        CheckpointError: ``keep`` holds another training, or is damaged.
        Interrupted: Ctrl-C; ``last`` has the state after the current step, and the error the history.
    """
    make_room(task.network, task.optimizers.values())
    convert_sync_batch_norm(task.network)
    train = as_batches(train, batch_size, seed)
    first_batch.keep(train)
    train = on_device(train)
    if not isinstance(evaluations, Mapping):
        evaluations = {} if evaluations is None else {"validation": evaluations}
    measured = {split: on_device(as_batches(each, batch_size)) for split, each in evaluations.items()}
    data: dict[str, Any] = {"task": task, "train": train, "evaluations": measured, "eval_steps": frozenset(eval_steps)}
    plan: dict[str, Any] = {
        "num_epochs": num_epochs,
        "seed": seed,
        "schedule_interval": schedule_interval,
        "patience": patience,
    }
    average = None if ema_decay is None else WeightAverage(task.network, ema_decay)
    kept: dict[str, Any] = {"average": average, "keep": CheckpointPolicy.of(keep), "probe": probe, "quiet": quiet}
    return _run(Session(**data, **plan, **kept), name)


def _run(session: Session, name: str) -> History:
    """All epochs that are left."""
    task, train = session.task, session.train
    session.restore()
    one_epoch = functools.partial(
        train_one_epoch, task, train, seed=session.seed, schedule_interval=session.schedule_interval
    )
    done = sum(session.history.column("samples"))
    total = session.num_epochs * train.num_samples
    folder = None if session.keep is None else session.keep.folder
    shown = show_progress(name, total, done, session.quiet, session.history)
    name = folder.name if folder is not None else name
    session.progress = with_watchers(shown, name, session.history)
    if (recording := live.current()) is not None:  # no watcher: these do not know how many steps there will be
        plan = session.num_epochs, session.num_epochs * len(train)
        session.progress = Together(session.progress, Recorder(recording, name, session.history, *plan))
    try:
        with interruptible(session.history, folder) as session.asked, threads_for(task.network, train):
            if session.step == 0:
                session.look_inside()
            while not session.finished:
                epoch, start = divmod(session.step, len(train))
                one_epoch(epoch, start=start, on_step=session.after_step)
                session.after_epoch(epoch)
            session.stop_if_asked()  # a Ctrl-C after the last step
    finally:
        session.close()
    return session.history


def fork(source: Path, epoch: int, folder: Path) -> None:
    """Start a training in ``folder`` from the checkpoint of another after ``epoch`` epochs, if it has none yet.

    Args:
        source: the other's folder, kept with ``every_epoch``; its ``best`` as of that epoch is copied as well, if that
            epoch was kept too. Otherwise the fork's own epochs compete for its ``best``.
        epoch: 0 starts from scratch, where there is nothing to copy.
    """
    if epoch == 0 or collectives.world().rank > 0 or checkpoint.exists(folder, "last"):
        return
    state = checkpoint.read_state(source, f"epoch_{epoch}")
    steps_per_epoch = state["step"] // epoch
    # The fork may differ from here on, so what its source was is no part of it.
    forked = {key: value for key, value in state.items() if key != "training"}
    best = f"epoch_{state['best']['step'] // steps_per_epoch}"
    if state["best"]["step"] and checkpoint.exists(source, best):
        checkpoint.copy(source, best, folder, "best")
    else:
        forked["best"] = {"step": 0, "loss": None}
    checkpoint.copy(source, f"epoch_{epoch}", folder, "last", forked)  # comes last: a folder with ``last`` is resumed


def publish(source: Path, folder: Path) -> None:
    """Copy the ``last`` and ``best`` of one training to the run's ``folder``.

    Where nothing was held out to choose a ``best`` by, the last is the one to use, and stands for it.
    """
    best = "best" if checkpoint.exists(source, "best") else "last"
    for name, found in (("last", "last"), ("best", best)):
        if collectives.world().rank == 0 and checkpoint.exists(source, found):
            checkpoint.copy(source, found, folder, name)
