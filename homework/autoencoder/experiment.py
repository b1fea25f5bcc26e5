"""Autoencoders: digits in 2, 8 or 32 numbers, and back

Course: keras
The question (reconstructed; the source has the outline): compress handwritten digits to a short code and restore them
(压缩并还原手写数字：线性、全连接、卷积三种自编码器，码长 2、8、32，与同样码长的 PCA 比较). What does the plane of
2-number codes look like? Can an autoencoder remove noise? What lies between two digits?

An autoencoder is trained to give back its input through a narrow code, with the mean squared error over pixels from 0
to 1. PCA is the best linear one (Baldi and Hornik, Neural Networks 2, 1989): a linear autoencoder can come close to its
error and not below it on the training digits, and its decoder spans PCA's plane. The others can bend theirs. Each
network's learning rate is the best of a few on held-out training digits; the test digits only report.

Expect, with the full settings on the real digits: see docs/results.md. An epoch of the 55,000 digits takes about 1.5
(linear), 6 (dense) and 20 (convolutional) seconds of one core; all of it about 25 minutes on 2 cores with `--jobs 2`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import paddle
import paddle.nn.functional as F
from annotated_types import Le
from sklearn.decomposition import PCA

import paddle_camp as camp
from homework.autoencoder.figures import draw_all
from homework.autoencoder.measuring import (
    COMPONENTS,
    arrays,
    error,
    errors,
    halfway,
    largest_angle,
    project,
    read_off,
    read_off_beside_pca,
    remove_noise,
    restore,
    with_noise,
)
from homework.autoencoder.networks import NETWORKS, PIXELS, Autoencoder, ConvolutionalDecoder
from homework.autoencoder.verdicts import NEAR, NONLINEAR, best_rates, judge, judge_denoising
from paddle_camp.networks.calling import outputs_of
from paddle_camp.sweeps.grid import Grid
from paddle_camp.training.fit import publish

IS_SWEEP = True
KNOWN = 10_000  # training digits at most, among which neighbours are looked for


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Codes, training, noise; all ours but the code sizes, the source being an outline."""

    codes: camp.Several[Annotated[camp.Count, Le(PIXELS)]] = (2, 8, 32)  # numbers in a code
    rates: camp.Several[camp.Rate] = (0.001, 0.003, 0.01)  # candidates: Adam's highest learning rate
    choice_epochs: camp.Count = 2  # of the trainings that a rate is chosen by
    num_epochs: camp.Count = 8  # the rate rises for 15 % of them, then falls to 0 along half a cosine
    batch_size: camp.Count = 100  # digits
    num_seeds: camp.Count = 3  # trainings of each network at each code size, from --seed on
    holdout: camp.Share = 1 / 12  # of the training digits (5,000 of 60,000), to choose rates by
    noise: camp.Rate = 0.5  # standard deviation of what is added to each pixel; pixels stay within 0 and 1
    pairs: camp.Count = 500  # of test digits, between which is interpolated


QUICK = replace(
    Settings(), codes=(2, 8), rates=(0.003, 0.01), choice_epochs=1, num_epochs=4, num_seeds=1, batch_size=20
)
QUICK = replace(QUICK, pairs=50, train_pictures=1200, test_pictures=300)


class Reconstruction(camp.Task):
    """A training in which the network is to give back the picture; ``noise`` is added to what it sees of it."""

    def __init__(self, model: Autoencoder, optimizer: paddle.optimizer.Optimizer, noise: float = 0.0):
        super().__init__({"model": model}, {"model": optimizer})
        self.model, self.noise = model, noise

    def step(self, batch: Any) -> dict:
        images = batch[0]  # the labels are not used
        seen = (images + self.noise * paddle.randn(images.shape)).clip(0, 1) if self.noise else images
        loss = self.backward(F.mse_loss(self.model(seen), images), batch)
        self.update("model")
        return {"loss": loss}

    def measure(self, batches: Any) -> dict:
        images = np.concatenate([each for each, *_ in batches.epoch()])
        seen = with_noise(images, self.noise) if self.noise else images
        return {"loss": error(restore(self.model, seen), images), "samples": len(images)}


def train(
    network: str, code: int, rate: float, seed: int, num_epochs: int, sets: dict, noise: float = 0.0, keep=None
) -> tuple[Autoencoder, camp.History]:
    """A trained autoencoder and its history, with the error on held-out digits after each epoch."""
    paddle.seed(seed)
    model, batches = NETWORKS[network](code), replace(sets["train"], shuffle_seed=seed)
    schedule = camp.schedules.warmup_cosine(rate, max(2, num_epochs * len(batches)))
    task = Reconstruction(model, paddle.optimizer.Adam(schedule, parameters=model.parameters()), noise)
    options = {"evaluations": {"holdout": sets["holdout"]}, "seed": seed, "keep": keep, "quiet": True}
    return model, camp.fit_task(task, batches, num_epochs=num_epochs, **options)


def try_rate(network: str, rate: float, settings: Settings, sets: dict, seed: int) -> float:
    """The error on held-out digits of a short training, at the middle one of the code sizes."""
    code = sorted(settings.codes)[len(settings.codes) // 2]
    return train(network, code, rate, seed, settings.choice_epochs, sets)[1].last("holdout")["loss"]


def train_cell(
    network: str,
    code: int,
    seed: int,
    settings: Settings,
    sets: dict,
    pca: PCA,
    rates: dict,
    folder: Path,
    noise: float,
) -> dict:
    """Train an autoencoder and measure it on the test digits; JSON values. The first seed's weights are kept."""
    keep = folder / f"{network}-{code}-{noise:g}" if seed == sets["train"].shuffle_seed else None
    model, history = train(network, code, rates[network], seed, settings.num_epochs, sets, noise, keep)
    images = arrays(sets["test"])[0]
    own, of_pca = (errors(each, images) for each in (restore(model, images), project(pca, images, code)))
    found = {"error": float(own.mean()), "holdout_error": history.last("holdout")["loss"]}
    found["by_digit"] = camp.comparisons.compare_paired(own, of_pca, lower_is_better=True)
    found["denoised"] = error(restore(model, with_noise(images, settings.noise)), images)
    found["read_off"] = float(read_off(lambda each: outputs_of(model, each, model.encoder), sets, KNOWN).mean())
    if network == "linear":
        found["angle"] = largest_angle(model.decoder.weight.numpy(), pca.components_[:code])
    return found | {"history": history.as_dict()}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_mnist, settings)
    images = arrays(sets["test"])[0]
    rows = arrays(sets["train"])[0].reshape(-1, PIXELS)
    size = max(*settings.codes, *COMPONENTS)
    camp.require(size < len(rows), f"train_pictures: PCA of {size} components needs more digits than {len(rows)}")
    pca = PCA(size, random_state=context.seed).fit(rows)

    rates, cells, denoising = train_all(settings, context, sets, pca)
    of_pca = {code: error(project(pca, images, code), images) for code in sorted(settings.codes)}
    codes = judge(cells, of_pca)
    best = {code: min(NONLINEAR, key=lambda name: codes[code]["networks"][name]["holdout"]) for code in codes}

    def load(network: str, code: int, noise: float = 0.0) -> Autoencoder:
        model = NETWORKS[network](code)
        camp.load_weights(model, context.checkpoints / f"{network}-{code}-{noise:g}" / "last.pdparams")
        return model

    models, largest = {code: load(best[code], code) for code in codes}, max(codes)
    noise = remove_noise(pca, sets, settings.noise)
    trained = [cell["denoised"] for cell in camp.finished(denoising.results.values())]
    plain = [cells.at(network="convolutional", code=largest, seed=seed) for seed in cells.axes["seed"]]
    noise |= judge_denoising([cell["denoised"] for cell in camp.finished(plain)], trained, noise["pca"])
    results = {"rates": rates, "codes": codes, "chosen": best, "noise": noise}
    results["halfway"] = halfway(models[largest], sets, settings.pairs, KNOWN, context.seed)
    results |= read_off_beside_pca(models[min(codes)], pca, sets, min(codes), KNOWN)
    values = {"counts": {name: each.num_samples for name, each in sets.items()}, "near": NEAR}
    values |= {"code": camp.code_of(ConvolutionalDecoder, Reconstruction), "enough": camp.comparisons.ENOUGH}
    publish(context.checkpoints / f"{best[largest]}-{largest}-0", context.checkpoints)
    denoiser = load("convolutional", largest, settings.noise)
    return camp.Answer(
        title="作业autoencoder:把数字压缩成几个数再还原",
        results=results,
        values=values,
        headline={"name": "error", "value": codes[largest]["networks"][best[largest]]["error"], "split": "test"},
        figures=draw_all(sets, pca, models, denoiser, settings, results, cells.histories()),
        histories=cells.histories(),
    )


def train_all(settings: Settings, context: camp.Context, sets: dict, pca: PCA) -> tuple[dict, Grid, Grid]:
    """The rates that were chosen, the trainings with them, and those on noisy digits."""
    common: dict[str, Any] = {"settings": settings, "sets": sets}
    axes: dict[str, tuple] = {"network": tuple(NETWORKS), "rate": settings.rates}
    options: dict[str, Any] = {"describe": "held-out error {:.5f}".format, "prefix": "rate-"}
    rates = best_rates(context.grid(try_rate, axes, common=common | {"seed": context.seed}, **options))

    common |= {"pca": pca, "rates": {name: each["rate"] for name, each in rates.items()}, "folder": context.checkpoints}
    axes = {"network": tuple(NETWORKS), "code": settings.codes, "seed": context.seeds(settings.num_seeds)}
    options = {"here": lambda network, code, seed: seed == context.seed}  # it keeps its weights
    options["describe"] = lambda cell: f"error on test digits {cell['error']:.5f}"
    cells = context.grid(train_cell, axes, common=common | {"noise": 0.0}, **options)
    axes |= {"network": ("convolutional",), "code": (max(settings.codes),)}
    denoising = context.grid(train_cell, axes, common=common | {"noise": settings.noise}, prefix="noise-", **options)
    return rates, cells, denoising
