"""The network that looks and those that write, kept for ``predict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle

import paddle_camp as camp
from homework.captions.features import GRIDS
from paddle_camp.data.captions.words import Vocabulary, Words
from paddle_camp.networks.captioner import Captioner
from paddle_camp.predicting.captions import CAPTIONER, FILE, Captions, PictureCaptioner, Way
from paddle_camp.training import checkpoint


def publish(
    settings: Any,
    context: camp.Context,
    weights: Any,
    extractor: camp.FeatureExtractor,
    writes: Sequence[Captioner],
    known: tuple[np.ndarray, Sequence[Sequence[Words]]],
    vocabulary: Vocabulary,
    way: Way,
) -> None:
    """Keep everything that captions a picture as this run does.

    Args:
        extractor: of the network that looks.
        writes: the networks of the group that was chosen.
        known: pooled features ``[M, D]`` and captions of the training pictures.
    """
    features, captions = known
    members = [0 if each.places is None else each.places.weight.shape[0] for each in writes]
    arguments = {"model": settings.model, "layer": GRIDS.get(settings.model, "grid"), "members": members}
    arguments |= {"num_words": len(vocabulary), "pooled": features.shape[1], "width": settings.width}
    arguments |= {"known": len(features)} | weights.arguments
    network = PictureCaptioner(**arguments)
    network.looks.set_state_dict(extractor.model.state_dict())
    for member, each in zip(network.writes, writes, strict=True):
        member.set_state_dict(each.state_dict())
    network.known.set_value(paddle.to_tensor(features))
    folder = context.checkpoints / "all-together"
    checkpoint.save_network(folder, network)
    Captions(vocabulary, tuple(map(tuple, captions)), way, settings.longest).save(context.checkpoints / FILE)
    context.publish(folder, camp.SavedModel(CAPTIONER, extractor.kind.name, arguments, settings.image_size))
