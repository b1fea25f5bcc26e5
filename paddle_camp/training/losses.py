"""Loss functions: means over the samples of a batch."""

from __future__ import annotations

from collections.abc import Callable

import paddle
import paddle.nn.functional as F

LossFunction = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


def classification_loss(
    logits: paddle.Tensor | tuple[paddle.Tensor, ...], labels: paddle.Tensor, auxiliary_weight: float = 0.3
) -> paddle.Tensor:
    """Mean cross-entropy of float logits ``[N, K]`` and int64 labels ``[N]``; for K = 1, binary with a sigmoid.

    For a tuple of logits, as GoogLeNet returns in training, the losses of the auxiliary heads (all but the first) are
    added with ``auxiliary_weight`` (0.3 in its paper, arXiv:1409.4842).
    """
    if isinstance(logits, tuple):
        main, *auxiliary = [classification_loss(head, labels) for head in logits]
        return main + auxiliary_weight * sum(auxiliary)
    logits = logits.astype("float32")  # a loss in half precision loses small differences
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], labels.astype("float32"))
    return F.cross_entropy(logits, labels)


def smoothed_loss(logits: paddle.Tensor, labels: paddle.Tensor, smoothing: float = 0.1) -> paddle.Tensor:
    """Mean cross-entropy of logits ``[N, K]`` against labels of which ``smoothing`` is spread over all K classes.

    Szegedy et al., CVPR 2016 (arXiv:1512.00567), section 7.
    """
    classes = logits.shape[1]
    soft = (1 - smoothing) * F.one_hot(labels, classes) + smoothing / classes
    return -(soft * F.log_softmax(logits)).sum(axis=1).mean()
