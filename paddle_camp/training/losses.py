"""Loss functions: means over the samples of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import paddle
import paddle.nn.functional as F

from paddle_camp.errors import SettingError, require

LossFunction = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


def classification_loss(
    logits: paddle.Tensor | tuple[paddle.Tensor, ...],
    labels: paddle.Tensor,
    *,
    auxiliary_weight: float = 0.3,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | np.ndarray | None = None,
) -> paddle.Tensor:
    """Mean cross-entropy of float logits ``[N, K]`` and integer labels ``[N]`` or ``[N, 1]``; K = 1: with a sigmoid.

    Logits ``[N, T, K]`` with labels ``[N, T]`` are N times T samples.

    Args:
        logits: a tuple, as GoogLeNet returns in training, has its main output first; the losses of the auxiliary heads
            are added with ``auxiliary_weight`` (0.3 in its paper, arXiv:1409.4842).
        label_smoothing: share of every label that is spread over all K classes (Szegedy et al., arXiv:1512.00567).
        class_weights: one weight a class; each sample's loss is multiplied by its class's before the mean.

    Raises:
        SettingError: labels that are not integers.
    """
    if isinstance(logits, tuple):
        loss_of = partial(classification_loss, label_smoothing=label_smoothing, class_weights=class_weights)
        main, *auxiliary = [loss_of(head, labels) for head in logits]
        return main + auxiliary_weight * sum(auxiliary)
    if labels.is_floating_point():
        raise SettingError("the labels are floats, not classes: give loss_fn=regression_loss, or integer labels")
    if labels.dtype not in (paddle.int64, paddle.int32):  # bytes, truths
        labels = labels.astype("int64")
    if labels.ndim == logits.ndim and labels.shape[-1] == 1:
        labels = labels.squeeze(-1)
    logits = logits.astype("float32")  # a loss in half precision loses small differences
    each = "mean" if class_weights is None else "none"
    if logits.ndim == 2 and logits.shape[1] == 1:
        check_labels(labels, 2)
        targets = (1 - label_smoothing) * labels.astype("float32") + label_smoothing / 2
        loss = F.binary_cross_entropy_with_logits(logits[:, 0], targets, reduction=each)
    else:
        try:
            loss = F.cross_entropy(logits, labels, label_smoothing=label_smoothing, reduction=each)
        except (IndexError, ValueError, RuntimeError, OSError):  # each Paddle has its own for a label too large
            check_labels(labels, logits.shape[-1])
            raise
    if class_weights is None:
        return loss
    outputs = max(2, logits.shape[-1])
    require(len(class_weights) <= outputs, f"class_weights: {len(class_weights)} for a network of {outputs} classes")
    check_labels(labels, len(class_weights))  # the last classes may have no samples and so no weight
    weights = paddle.to_tensor(np.asarray(class_weights, np.float32))[labels.flatten()]
    return (loss.flatten() * weights).mean()


def check_labels(labels: paddle.Tensor, outputs: int) -> None:
    """Check that labels are classes of a network with so many outputs.

    Raises:
        SettingError: one is not.
    """
    low, high = int(labels.min()), int(labels.max())
    wrong = low if low < 0 else high
    require(
        low >= 0 and high < outputs,
        f"label {wrong}: the network has {outputs} outputs, so labels are 0 to {outputs - 1}",
    )


def regression_loss(outputs: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """Mean squared error of outputs and targets of the same shape; ``[N]`` and ``[N, 1]`` go together.

    Raises:
        SettingError: another shape. Paddle would broadcast ``[N, 1]`` and ``[N]`` to ``[N, N]`` without a word.
    """
    return F.mse_loss(outputs.astype("float32"), like(targets, outputs))


def like(targets: paddle.Tensor, outputs: paddle.Tensor) -> paddle.Tensor:
    """Float32 targets in the shape of ``outputs``; they may lack or add axes of length 1.

    Raises:
        SettingError: their shapes differ otherwise.
    """
    shapes = [[size for size in tensor.shape[1:] if size != 1] for tensor in (outputs, targets)]
    fits = outputs.shape[0] == targets.shape[0] and shapes[0] == shapes[1]
    require(
        fits, f"outputs of shape {list(outputs.shape)} and targets of shape {list(targets.shape)}: give them one shape"
    )
    return targets.astype("float32").reshape(outputs.shape)


def balanced_weights(labels: np.ndarray) -> np.ndarray:
    """Class weights N / (K count), float64 ``[largest label + 1]``, of integer labels; a class that is absent has 0.

    With them every class adds as much to the mean loss (King and Zeng, 2001; scikit-learn's "balanced").
    """
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.asarray(labels).reshape(-1)
    require(np.issubdtype(labels.dtype, np.integer), 'class_weights="balanced" needs integer labels')
    classes = np.unique(labels)
    weights = np.zeros(classes[-1] + 1)
    weights[classes] = compute_class_weight("balanced", classes=classes, y=labels)
    return weights
