"""GAN: two networks play against each other, and one of them learns to write digits

Course: pytorch
The question (the source's outline; the rest reconstructed): 生成对抗网络的模型、损失函数、训练；其他损失；DCGAN.

First the source's mathematics, on numbers instead of pictures (`one_dimension.py`): the best discriminator against a
generator that stands still is D* = p / (p + q), and what the game is then worth is 2 JS(p, q) - log 4. Then why nobody
trains the generator on the minimax loss: its gradient is measured while the discriminator learns (`gradients.py`). Then
digits: fully connected networks and convolutional ones (DCGAN), each with four games: minimax, non-saturating, least
squares, hinge. The library's `Adversarial` takes the steps and `fit_task` repeats them; stopped and resumed a training
has the same bits as never having stopped. Drawn digits are judged by a digit network that is trained in the run
(`judging.py`): the Fréchet distance to real test digits beside that of real training digits, the share of which the
judge is sure, and the entropy over the ten digits, which falls where the generator draws some of them only.

Expect, with the full settings on the real digits: see docs/results.md. About 30 minutes on 2 cores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.gan.figures import draw_all
from homework.gan.gradients import at_the_start
from homework.gan.judging import RARE, SURE, Judge, moments, train_judge
from homework.gan.networks import NETWORKS, ConvolutionalGenerator, build, make_task
from homework.gan.one_dimension import shifted_normals, train_numbers
from homework.gan.verdicts import compare_games, compare_networks, judge_gradients, judge_numbers, summarise
from paddle_camp.networks.calling import outputs_of
from paddle_camp.preprocessing import scale_to_unit
from paddle_camp.training.adversarial import GAMES, Adversarial
from paddle_camp.training.fit import publish

IS_SWEEP = True
SHOWN = 10  # latents that are drawn from after every epoch
SHIFTS = (0.0, 1.0, 2.0, 4.0, 8.0)  # of one normal distribution against another


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """The networks, their training and the judge; learning rate and beta1 are DCGAN's (arXiv:1511.06434)."""

    games: camp.Several[Annotated[str, camp.OneOf(GAMES)]] = tuple(GAMES)
    noise: camp.Count = 64  # numbers that a picture is drawn from
    channels: camp.Count = 16  # of the larger pictures in the convolutional networks; twice as many in the smaller
    learning_rate: camp.Rate = 0.0002  # of Adam, for both networks
    beta1: camp.Fraction = 0.5  # of Adam
    batch_size: camp.Count = 64  # digits
    num_epochs: camp.Count = 6
    num_seeds: camp.Count = 3  # trainings of each network with each game, from --seed on
    holdout: camp.Share = 1 / 6  # of the training digits (10,000 of 60,000): real against real, the floor
    judge_epochs: camp.Count = 4  # of the digit network that judges
    samples: Annotated[int, Ge(200)] = 10_000  # drawn digits that are judged
    start_steps: camp.Several[Annotated[int, Ge(0)]] = (0, 5, 20, 50, 100, 200)  # of the discriminator alone
    number_epochs: camp.Several[Annotated[int, Ge(0)]] = (0, 2, 5, 20)  # 100 steps each, of the GAN of numbers
    best_epochs: camp.Count = 5  # of its best discriminator


QUICK = replace(Settings(), games=("minimax", "non-saturating"), num_epochs=12, num_seeds=1, batch_size=20, channels=8)
QUICK = replace(QUICK, learning_rate=0.001, judge_epochs=6, samples=300, start_steps=(0, 5, 20, 50))
QUICK = replace(QUICK, number_epochs=(0, 10), best_epochs=2, train_pictures=1200, test_pictures=300)


def noises(count: int, length: int) -> np.ndarray:
    """What pictures are drawn from, always the same: float32 ``[N, length]``."""
    return np.random.default_rng(11).standard_normal((count, length), np.float32)


def draw(generator: nn.Layer, noise: np.ndarray) -> np.ndarray:
    """Pictures from 0 to 1, ``[N, 1, 28, 28]``."""
    return outputs_of(generator, noise) / 2 + 0.5


def train_cell(
    network: str,
    game: str,
    seed: int,
    *,
    settings: Settings,
    train: camp.Batches,
    judge: Judge,
    real: Any,
    folder: Path,
) -> dict:
    """Train a generator and a discriminator and judge what is drawn; JSON values."""
    task, several = make_task(network, game, seed, settings), noises(settings.samples, settings.noise)
    shown = (game, seed) == (shown_game(settings), train.shuffle_seed)  # its pictures after every epoch are drawn
    keep = camp.CheckpointPolicy(folder / name_of(network, game, seed), every_epoch=shown)

    def score(both: nn.Layer) -> dict:
        found = judge.score(draw(both["generator"], several), real)
        return {key: found[key] for key in ("frechet", "sure", "entropy")}

    options = {"seed": seed, "keep": keep, "probe": score, "quiet": True}
    history = camp.fit_task(task, replace(train, shuffle_seed=seed), num_epochs=settings.num_epochs, **options)
    pictures = draw(task.generator, several)
    few = np.rint(255 * pictures[:SHOWN, 0]).astype(int).tolist()
    return {"score": judge.score(pictures, real), "pictures": few, "history": history.as_dict()}


def shown_game(settings: Settings) -> str:
    """The game whose training is shown picture by picture."""
    return "non-saturating" if "non-saturating" in settings.games else settings.games[0]


def name_of(network: str, game: str, seed: int) -> str:
    """The folder of a training."""
    return f"{network}-{game}-{seed}".replace(" ", "_")


def load(path: Path, network: str, settings: Settings) -> nn.Layer:
    """The generator of a checkpoint."""
    generator = build(network, settings.noise, settings.channels)[0]
    state = paddle.load(str(path))
    own = {key.removeprefix("generator."): value for key, value in state.items() if key.startswith("generator.")}
    generator.set_state_dict(own)
    return generator


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_mnist, settings)
    judge, worth = train_judge(sets, settings.judge_epochs, context.seed, data.info.fingerprint, context.say)
    pictures = {part: sets[part].data.kind.scale(sets[part].data.images) for part in ("holdout", "test")}
    real = moments(judge.look(pictures["test"])[0])
    floor = {part: judge.score(each, real) for part, each in pictures.items()}

    train = replace(sets["train"], scale=scale_to_unit)
    numbers, starts = look_at_theory(settings, context, train)
    axes = {"network": NETWORKS, "game": settings.games, "seed": context.seeds(settings.num_seeds)}
    common = {"settings": settings, "train": train, "judge": judge, "real": real, "folder": context.checkpoints}
    words = lambda cell: "Fréchet distance {frechet:.2f}, sure of {sure:.3f}".format(**cell["score"])  # noqa: E731
    cells = context.grid(train_cell, axes, common=common, describe=words, here=lambda **point: True)
    table = cells.over("seed", lambda several: summarise(several, floor["test"]["sure"]))
    results = {"judge": worth, "floor": floor, "table": table.named(), "games": compare_games(table)}
    results |= {"networks": compare_networks(table), "shown": shown_game(settings)}
    results |= {"shifted": shifted_normals(SHIFTS), "starts": starts}
    results["numbers"] = [{key: row[key] for key in row if key != "curves"} for row in numbers]
    results["theory"] = judge_numbers(numbers)
    results["gradients"] = {network: judge_gradients(rows) for network, rows in starts.items()}

    grown = pictures_by_epoch(settings, context)
    publish(context.checkpoints / name_of("convolutional", results["shown"], context.seed), context.checkpoints)
    values = {"counts": {part: each.num_samples for part, each in sets.items()}, "sure": SURE, "rare": RARE}
    values |= {"enough": camp.comparisons.ENOUGH, "most": float(np.log(10))}
    values["code"] = camp.code_of(ConvolutionalGenerator, Adversarial.step)
    best = table.at(network="convolutional", game=results["shown"])["frechet"]
    return camp.Answer(
        title="作业gan:生成对抗网络",
        results=results,
        values=values,
        headline={"name": "frechet", "value": best and best["mean"], "split": "test"},
        figures=draw_all(cells, table, numbers, starts, grown, floor, settings, context.seed),
        histories=cells.histories(),
    )


def look_at_theory(settings: Settings, context: camp.Context, train: camp.Batches) -> tuple[list[dict], dict]:
    """What :func:`train_numbers` finds at its moments, and network -> what :func:`at_the_start` does."""
    common: dict[str, Any] = {"epochs": settings.best_epochs, "moments": settings.number_epochs}
    words = lambda cell: "JS from {:.3f} to {:.3f}".format(*(cell["moments"][k]["js"] for k in (0, -1)))  # noqa: E731
    grid = context.grid(train_numbers, {"seed": (context.seed,)}, common=common, prefix="numbers-", describe=words)
    numbers = grid.at(seed=context.seed)["moments"]

    common = {"batches": train, "steps": settings.start_steps, "seed": context.seed, "settings": settings}
    words = lambda rows: "D of drawn digits from {:.3f} to {:.3f}".format(*(rows[k]["drawn"] for k in (0, -1)))  # noqa: E731
    axes = {"network": NETWORKS}
    starts = context.grid(at_the_start, axes, common=common, prefix="start-", describe=words).named()
    wild = any(map(camp.diverged, starts.values()))
    camp.require(not wild, f"learning_rate={settings.learning_rate}: the discriminator diverged; give a smaller one")
    return numbers, starts


def pictures_by_epoch(settings: Settings, context: camp.Context) -> dict[str, Any]:
    """Network -> pictures ``[E, SHOWN, 28, 28]`` of the same noise after epochs 1, 2, ...; "plane": between four."""
    found: dict[str, Any] = {}
    for network in NETWORKS:
        folder = context.checkpoints / name_of(network, shown_game(settings), context.seed)
        files = [folder / f"epoch_{epoch}.pdparams" for epoch in range(1, settings.num_epochs + 1)]
        if all(file.exists() for file in files):  # else it diverged
            generators = [load(file, network, settings) for file in files]
            found[network] = np.stack([draw(each, noises(SHOWN, settings.noise))[:, 0] for each in generators])
            found["plane"] = draw(generators[-1], latent_grid(SHOWN, settings.noise))[:, 0]  # the last network's
    return found


def latent_grid(side: int, length: int) -> np.ndarray:
    """A fixed grid of latents between four drawn ones, ``[side * side, length]``, each as long as a drawn one."""
    corners = noises(4, length).reshape(2, 2, length)
    share = np.linspace(0, 1, side, dtype=np.float32)
    across = np.stack([1 - share, share])
    grid = np.einsum("ai,bj,abn->ijn", across, across, corners).reshape(side * side, length)
    return grid / np.linalg.norm(grid, axis=1, keepdims=True) * np.float32(np.sqrt(length))
