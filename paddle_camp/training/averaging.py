"""The exponential moving average of a network's weights, which often predicts better than the weights themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import paddle
from paddle import nn

from paddle_camp.errors import require


class WeightAverage:
    """The average of every number in a network's ``state_dict``, the running statistics of batch norm included.

    After step t: average += (1 - d) (weights - average), with d = min(decay, t / (t + 10)), so that the first steps do
    not drag the initial weights along. Polyak and Juditsky (1992); the warm-up is like that of TensorFlow's.

    Args:
        decay: from 0 to below 1; 0.999 averages over about the last 1,000 steps.
    """

    def __init__(self, network: nn.Layer, decay: float):
        require(0 <= decay < 1, f"ema_decay={decay}: give a number from 0 to below 1, such as 0.999")
        self.network, self.decay = network, decay
        self.average = {key: value.clone().detach() for key, value in network.state_dict().items()}

    def update(self, step: int) -> None:
        """Take the weights after ``step`` steps (1-based) into the average."""
        share = 1 - min(self.decay, step / (step + 10))
        with paddle.no_grad():
            for key, value in self.network.state_dict().items():
                own = self.average[key]
                moved = own + share * (value - own) if value.is_floating_point() else value
                own.copy_(moved.astype(own.dtype), False)

    def begin(self) -> None:
        """Begin again, with the network's present weights."""
        for key, value in self.network.state_dict().items():
            self.average[key].copy_(value, False)

    def restore(self, trained: dict[str, paddle.Tensor]) -> None:
        """Take the network's present weights for the average, and give it the ``trained`` ones."""
        self.begin()
        self.network.set_state_dict(trained)

    def apply(self) -> None:
        """Give the network the averaged weights."""
        self.network.set_state_dict(self.average)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the network has the averaged weights."""
        own = {key: value.clone().detach() for key, value in self.network.state_dict().items()}
        self.apply()
        try:
            yield
        finally:
            self.network.set_state_dict(own)
