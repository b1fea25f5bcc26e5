"""The generator's gradients at the start, while the discriminator learns and the generator stands still."""

from __future__ import annotations

import numpy as np
import paddle

import paddle_camp as camp
from homework.gan.networks import make_task
from paddle_camp.networks.gradients import free_gradients
from paddle_camp.training.adversarial import GAMES
from paddle_camp.training.batch import Batch

NOISES = 512  # pictures that a gradient is measured with
COMPARED = ("minimax", "non-saturating")


def norm_of(task: camp.Adversarial, game: str, noise: paddle.Tensor) -> tuple[float, float]:
    """(The norm of the gradient of a game's loss by all weights of the generator, the mean D of its pictures)."""
    outputs = task.judge(task.generator(noise))
    GAMES[game].generator(outputs).backward()
    squares = [float((p.grad.astype("float64") ** 2).sum()) for p in task.generator.parameters() if p.grad is not None]
    free_gradients(task.network.parameters())
    return float(np.sqrt(sum(squares))), float(paddle.nn.functional.sigmoid(outputs).mean())


def at_the_start(network: str, batches: camp.Batches, steps: tuple[int, ...], seed: int, settings) -> list[dict]:
    """For each number of the discriminator's ``steps``: D of the drawn pictures, and both games' gradients.

    By the output a, D = sigmoid(a), the loss log(1 - D) has the slope -D and -log D has -(1 - D); where D is about the
    same for all pictures, one gradient is (1 - D) / D times the other.

    Raises:
        SettingError: D became 0 to the precision of its format, and with it the gradient.
    """
    task = make_task(network, "non-saturating", seed, settings)
    task.train()
    fixed, rows, pictures = paddle.randn([NOISES, settings.noise]), [], batches.epoch()
    for step in range(max(steps) + 1):
        if step in steps:
            norms = {game: norm_of(task, game, fixed) for game in COMPARED}
            drawn = norms["minimax"][1]
            way_out = "give a smaller learning_rate, or fewer start_steps"
            camp.require(min(norms["minimax"]) > 0, f"after {step} steps D(drawn) is 0 in float32: {way_out}")
            row = {"steps": step, "drawn": drawn} | {game: norm for game, (norm, _) in norms.items()}
            rows.append(row | {"ratio": row["non-saturating"] / row["minimax"], "expected": (1 - drawn) / drawn})
        batch = Batch.of(next(pictures, None) or next(pictures := batches.epoch()))
        with paddle.no_grad():
            drawn_pictures = task.generator(paddle.randn([len(batch[0]), settings.noise]))
        loss = task.game.real(task.judge(batch[0]), 1.0) + task.game.drawn(task.judge(drawn_pictures))
        task.backward(loss, batch, "discriminator")
        task.update("discriminator")
    return rows
