"""Training without gradients: random search, beside gradient descent at the same number of passes."""

from __future__ import annotations

import numpy as np
import paddle

import paddle_camp as camp
from homework.overfitting.networks import Plain

PASSES = 3  # a step of gradient descent counts as three forward passes: backward takes about twice as long as forward
LONGER, SHORTER = 1.5, 1.5**-0.25  # the step after a success and a failure: steady where one of five succeeds
POINTS = 40  # of a curve


def search(model: Plain, images: np.ndarray, labels: np.ndarray, passes: int, seed: int, step: float) -> list:
    """Random search: add noise to all weights and keep it if the loss falls; [(passes, loss)], the last one at the end.

    The (1+1) evolution strategy with the one-fifth rule (Rechenberg, 1973): ``step`` is the noise's first standard
    deviation. No gradient is asked for, so that the loss need not have one.
    """
    x, y, rng = paddle.to_tensor(images), paddle.to_tensor(labels), np.random.default_rng(seed)
    parameters = model.parameters()
    with paddle.no_grad():
        best, curve = float(camp.classification_loss(model(x), y)), []
        for used in range(1, passes):
            before = [parameter.clone() for parameter in parameters]
            for parameter in parameters:
                noise = rng.standard_normal(parameter.shape, np.float32)
                parameter.set_value(parameter + step * paddle.to_tensor(noise))
            loss = float(camp.classification_loss(model(x), y))
            if loss < best:
                best, step = loss, step * LONGER
            else:
                step *= SHORTER
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.set_value(value)
            if used % max(1, passes // POINTS) == 0 or used == passes - 1:
                curve.append([used + 1, best])
    return curve


def descend(model: Plain, images: np.ndarray, labels: np.ndarray, passes: int, rate: float) -> list:
    """Gradient descent on all digits at once, :data:`PASSES` a step; [(passes, loss before the step)]."""
    x, y = paddle.to_tensor(images), paddle.to_tensor(labels)
    optimizer = paddle.optimizer.SGD(rate, parameters=model.parameters())
    curve, steps = [], max(1, passes // PASSES)
    for number in range(steps):
        loss = camp.classification_loss(model(x), y)
        if not np.isfinite(float(loss)):
            raise camp.DivergedError(number + 1, float(loss))
        if number % max(1, steps // POINTS) == 0 or number == steps - 1:
            curve.append([PASSES * (number + 1), float(loss)])
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    return curve
