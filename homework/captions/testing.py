"""The test pictures: captions in the way that dev pictures chose, what they are compared with, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import paddle

from homework.captions.baselines import measure_baselines
from homework.captions.describing import Found, as_way, mean_length, search, way
from homework.captions.verdicts import judge_test
from paddle_camp.bleu import statistics
from paddle_camp.data.captions.words import Vocabulary, Words
from paddle_camp.networks.captioner import Captioner
from paddle_camp.networks.modes import evaluating

LOOKED_AT = 2  # test pictures whose attention is drawn


def caption_test(
    settings: Any,
    networks: tuple[Sequence[Captioner], Sequence[Captioner]],
    dev: Mapping[str, Any],
    features: Mapping[str, np.ndarray],
    captions: Sequence[Sequence[Words]],
    known: tuple[np.ndarray, Sequence[Sequence[Words]]],
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """The captions of the test pictures in the way that was chosen, and what they are compared with.

    Args:
        networks: the group that was chosen, and the single network that shows what greedy search does.
        dev: what dev pictures chose: of :func:`~homework.captions.verdicts.judge_dev`.
        known: features and captions of the training pictures.

    Returns:
        ``captions``, their ``rows`` of statistics, and all of it ``judged``. Beside the baselines: the chosen group
        without its neighbours' votes, and greedy search by a single network.
    """

    def found(group: Sequence[Captioner], width: int) -> Found:
        return search(settings, group, width, features, *known, vocabulary)

    group, single = networks
    chosen, plain = as_way(dev["chosen"]), as_way(dev["plain"])
    several = found(group, chosen.width)
    said = several.captions(chosen)
    rows = {"chosen": statistics(said, captions)}
    again = several if plain.width == chosen.width else found(group, plain.width)
    rows["plain"] = statistics(again.captions(plain), captions)
    rows["greedy"] = statistics(found(single, 1).captions(way(settings, 1)), captions)
    rows |= measure_baselines(features["pooled"][0], captions, known, settings.neighbours, settings.sharpness)
    judged = judge_test(rows)
    people = mean_length([words for each in captions for words in each])
    judged["words"] = {"chosen": mean_length(said), "people": people}
    return {"captions": said, "rows": rows["chosen"], "judged": judged}


def look(
    network: Captioner, features: Mapping[str, np.ndarray], captions: Sequence[Words], vocabulary: Vocabulary
) -> list[dict[str, Any]]:
    """Where the attention looks for each word of the first captions: a map float ``[T, P]`` for each."""
    found = []
    for index in range(min(LOOKED_AT, len(captions))):
        numbers = vocabulary.encode([captions[index]])[:, :-2]  # each is the word before the one that is predicted
        inputs = {name: paddle.to_tensor(features[name][0, index : index + 1]) for name in ("pooled", "grid")}
        with evaluating(network):
            maps = network.attention(words=paddle.to_tensor(numbers), **inputs)[0].numpy()
        found.append({"index": index, "words": captions[index], "maps": maps})
    return found
