"""The task of two networks against each other: a generator and a discriminator."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.data.batches import BatchSource
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean
from paddle_camp.networks.gradients import free_gradients
from paddle_camp.networks.modes import evaluating
from paddle_camp.speed.feeding import as_tensor, reading
from paddle_camp.training.batch import Batch
from paddle_camp.training.tasks import Task


class Adversarial(Task):
    """A generator that learns to draw what a discriminator takes for real (Goodfellow et al., arXiv:1406.2661).

    A batch is (images,) or (images, labels); labels are not used. Networks: "generator", from noise float32
    ``[N, noise]`` to images, and "discriminator", from images to one logit each, ``[N, 1]``: above 0 is real.

    Args:
        noise: length of the generator's input.
        label_smoothing: real images count as 1 - this for the discriminator (Salimans et al., arXiv:1606.03498).
    """

    def __init__(
        self,
        generator: nn.Layer,
        discriminator: nn.Layer,
        generator_optimizer: Optimizer,
        discriminator_optimizer: Optimizer,
        *,
        noise: int,
        label_smoothing: float = 0.0,
        amp: bool = False,
        clip_norm: float | None = None,
    ):
        networks = {"generator": generator, "discriminator": discriminator}
        optimizers = {"generator": generator_optimizer, "discriminator": discriminator_optimizer}
        super().__init__(networks, optimizers, amp=amp, clip_norm=clip_norm)
        self.generator, self.discriminator = generator, discriminator
        self.noise, self.real = noise, 1 - label_smoothing

    def step(self, batch: Batch) -> Row:
        """A step of the discriminator on real and drawn images, then one of the generator on the drawn ones."""
        images = batch[0]
        with self.autocast():
            drawn = self.generator(paddle.randn([len(images), self.noise]))
            logits = self.discriminator(images), self.discriminator(drawn.detach())
        seen = self.backward(judged(logits[0], self.real) + judged(logits[1], 0.0), batch, "discriminator")
        self.update("discriminator")
        with self.autocast():
            taken = self.discriminator(drawn)
        fooled = self.backward(judged(taken, 1.0), batch, "generator")
        self.update("generator")
        free_gradients(self.discriminator.parameters())  # it stood behind the generator's loss
        return {"loss": seen + fooled, "discriminator_loss": seen, "generator_loss": fooled}

    def measure(self, batches: BatchSource) -> Row:
        """Both losses, and the shares of real and of drawn images taken for real; the noise is always the same.

        ``loss`` is the sum of both losses, which says how the game stands, not how good the images are.
        """
        means = {key: WeightedMean() for key in ("discriminator_loss", "generator_loss", "real", "drawn")}
        with evaluating(self.network), reading(batches) as arrays:
            for index, (images, *_) in enumerate(arrays):
                images = as_tensor(images)
                noise = np.random.default_rng([7, index]).normal(size=(len(images), self.noise)).astype("float32")
                logits = self.discriminator(images), self.discriminator(self.generator(paddle.to_tensor(noise)))
                row = {"discriminator_loss": judged(logits[0], self.real) + judged(logits[1], 0.0)}
                row |= {"generator_loss": judged(logits[1], 1.0)}
                row |= {key: (x > 0).astype("float32").mean() for key, x in zip(("real", "drawn"), logits, strict=True)}
                for key, value in row.items():
                    means[key].add(float(value), len(images))
        row = {key: mean.value for key, mean in means.items()}
        return {"loss": row["discriminator_loss"] + row["generator_loss"]} | row | {"samples": means["real"].samples}


def judged(logits: paddle.Tensor, target: float) -> paddle.Tensor:
    """Mean binary cross-entropy of logits ``[N, 1]`` against one target for all."""
    logits = logits.astype("float32")
    return F.binary_cross_entropy_with_logits(logits, paddle.full_like(logits, target))
