"""Freezing layers: their parameters are not trained, and their batch norms keep their running statistics.

Only batch norm leaves training mode, as in torchvision's and Keras' recipes for transfer learning: a frozen dropout
still drops, since it has no state that a training could spoil.
"""

from __future__ import annotations

from paddle import nn

BATCH_NORMS = (nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D, nn.BatchNorm3D, nn.SyncBatchNorm)


def freeze(layer: nn.Layer) -> nn.Layer:
    """Take all parameters of ``layer`` out of the training and hold its batch norms in evaluation mode.

    A network is frozen in parts by freezing its layers: ``freeze(model.layer1)``. An optimizer may be made before or
    after. Loading weights changes nothing of it, and a deep copy is as frozen as the original.

    Returns:
        ``layer``.
    """
    for each in layer.sublayers(include_self=True):
        own = each.named_parameters(include_sublayers=False)
        trained = [name for name, parameter in own if not parameter.stop_gradient]
        # Beside what was frozen before: running statistics, and what someone else keeps from training, stay so later.
        each.frozen_parameters = (*getattr(each, "frozen_parameters", ()), *trained)
        for name in trained:
            getattr(each, name).stop_gradient = True
        if isinstance(each, BATCH_NORMS):
            each.training = False
    return layer


def freeze_norms(model: nn.Layer) -> nn.Layer:
    """:func:`freeze` the batch norms of ``model`` and nothing else.

    Returns:
        ``model``.
    """
    for layer in model.sublayers(include_self=True):
        if isinstance(layer, BATCH_NORMS):
            freeze(layer)
    return model


def unfreeze(layer: nn.Layer) -> nn.Layer:
    """Undo :func:`freeze`, for ``layer`` and all below it; its batch norms take the mode of ``layer``.

    Returns:
        ``layer``.
    """
    mode = layer.training or isinstance(layer, BATCH_NORMS)  # one that was frozen by itself was training
    for each in layer.sublayers(include_self=True):
        if frozen(each):
            for name in each.frozen_parameters:
                getattr(each, name).stop_gradient = False
            del each.frozen_parameters
            if isinstance(each, BATCH_NORMS):
                each.training = mode
    return layer


def frozen(layer: nn.Layer) -> bool:
    """Whether :func:`freeze` holds this layer; it may hold layers of a network that is not frozen itself."""
    return hasattr(layer, "frozen_parameters")


def training_mode(model: nn.Layer) -> nn.Layer:
    """``model.train()`` that leaves frozen batch norms in evaluation mode.

    Returns:
        ``model``.
    """
    model.train()
    for layer in model.sublayers(include_self=True):
        if frozen(layer) and isinstance(layer, BATCH_NORMS):
            layer.training = False
    return model
