"""Features of the pictures, and a training of one of the two networks on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.data.captions.batches import CaptionBatches
from paddle_camp.data.captions.words import Vocabulary
from paddle_camp.networks.captioner import Captioner
from paddle_camp.training.captioning import Captioning

POOLED, ATTENTION = "pooled", "attention"
NETWORKS = (POOLED, ATTENTION)


def batches_of(
    settings: Any,
    network: str,
    features: Mapping[str, np.ndarray],
    captions: list,
    vocabulary: Vocabulary,
    **options: Any,
) -> CaptionBatches:
    """The captions of a part in batches.

    Args:
        features: "pooled" float32 ``[R, N, D]`` and "grid" ``[R, N, P, C]``.
        captions: words of the captions of each of the N pictures.
    """
    used = {name: features[name] for name in (("pooled", "grid") if network == ATTENTION else ("pooled",))}
    pictures = np.repeat(np.arange(len(captions)), [len(each) for each in captions])
    words = vocabulary.encode([words for each in captions for words in each], settings.longest)
    return CaptionBatches(used, pictures, words, settings.batch_size, **options)


def build(settings: Any, network: str, vocabulary: Vocabulary, features: Mapping[str, np.ndarray]) -> Captioner:
    """A network for these features, with first weights by Paddle's seed."""
    arguments = {"num_words": len(vocabulary), "pooled": features["pooled"].shape[-1], "width": settings.width}
    arguments |= {"grid": features["grid"].shape[-1] if network == ATTENTION else 0}
    arguments |= {"dropout": settings.dropout, "picture_dropout": settings.picture_dropout}
    return Captioner(**arguments)


def train_cell(
    network: str,
    seed: int,
    *,
    settings: Any,
    features: Mapping[str, Mapping[str, np.ndarray]],
    captions: Mapping[str, list],
    vocabulary: Vocabulary,
    folder: Path,
    amp: bool = False,
) -> dict[str, Any]:
    """Train a network; its weights with the lowest dev loss are ``best`` in ``folder/NETWORK-SEED``."""
    paddle.seed(seed)
    model = build(settings, network, vocabulary, features["train"])
    train = batches_of(settings, network, features["train"], captions["train"], vocabulary, shuffle_seed=seed)
    valid = batches_of(settings, network, features["valid"], captions["valid"], vocabulary)
    schedule = camp.schedules.warmup_cosine(settings.learning_rate, max(2, settings.num_epochs * len(train)))
    parameters, decay = model.parameters(), settings.weight_decay
    optimizer = paddle.optimizer.AdamW(schedule, parameters=parameters, weight_decay=decay)
    task = Captioning(model, optimizer, settings.label_smoothing, amp=amp, clip_norm=settings.clip_norm)
    history = camp.fit_task(
        task,
        train,
        num_epochs=settings.num_epochs,
        evaluations={"dev": valid},
        keep=camp.CheckpointPolicy(folder / name_of(network, seed), best_on="dev"),
        ema_decay=settings.ema_decay,
        patience=settings.patience,
        seed=seed,
        name=name_of(network, seed),
    )
    rows = history.split("dev")
    best = min(rows, key=lambda row: row["loss"])
    found = {"loss": best["loss"], "perplexity": best["perplexity"], "epoch": round(best["epoch"]), "epochs": len(rows)}
    return found | {"parameters": camp.count_parameters(model), "history": history.as_dict()}


def name_of(network: str, seed: int) -> str:
    """The folder of a training."""
    return f"{network}-{seed}"
