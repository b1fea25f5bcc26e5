"""Captions for photographs: a network looks at a picture and writes a sentence

Course: summer
The question (the source's project 1 has five tasks; it works out the first two, the others are headings):
1. 搭建 VGG16 和 VGG19，打印 summary，回答八个问题；2. 用预训练的网络提取所有图片的特征，存入一个文件；
3. 清洗图片描述，建立词汇表，得到训练用的序列；4. 搭建并训练生成描述的网络；5. 用 BLEU 评价，看好的和差的例子。

`vgg.py` and `questions.py` are task 1. The features (task 2) are those of EfficientNet-Lite0, trained on ImageNet: 1280
numbers a picture and a map of 7 x 7 places, computed once; `-o model=vgg16 -o weights=FILE` takes the source's. Two
networks learn to write (task 4): an LSTM reads the words so far, and is merged with the picture's features; the second
one also looks at the places, anew for every word. Each is trained from several seeds, with mirrored pictures and much
dropout, since 1,500 pictures are few; its weights are those with the lowest loss on the dev pictures. Several networks
are asked together, beam search finds captions, and the captions of similar training pictures may vote among them: all
of that is decided on dev pictures (task 5). The test pictures only report.

On the dev pictures, losses of a word: the LSTM reading the picture as its first word was 0.2 behind merging after four
epochs; the merging network came to 3.24 after 8 epochs and to 3.10 after 14, the rate falling to 0 in each.

Expect, with the full settings on the real pictures: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from annotated_types import Ge

import paddle_camp as camp
from homework.captions.describing import GROUPS, as_way, load_group, search_cell
from homework.captions.features import extract_all, find_extractors, write_features
from homework.captions.figures import draw_all
from homework.captions.publishing import publish
from homework.captions.questions import answer_all
from homework.captions.testing import caption_test, look
from homework.captions.training import ATTENTION, NETWORKS, POOLED, train_cell
from homework.captions.verdicts import (
    GOALS,
    QUOTED,
    compare_networks,
    describe_data,
    examples,
    judge_dev,
    judge_trainings,
    look_at_words,
)
from homework.captions.vgg import count_all, keras_summary, rows_of
from paddle_camp.data.captions.words import Vocabulary
from paddle_camp.networks.captioner import Captioner

IS_SWEEP = True
MIXED_PRECISION = True
PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Settings(camp.PretrainedWeightsSettings):
    """The features, the networks, their training and the search; but for the tasks all of it is ours."""

    train_pictures: camp.Count | None = None  # None: all there are (drawn as a stand-in: 600)
    dev_pictures: camp.Count | None = None  # (stand-in: 100)
    test_pictures: camp.Count | None = None  # (stand-in: 100)
    threshold: camp.Count = 4  # a word is known that stands so often in the training captions
    longest: Annotated[int, Ge(2)] = 20  # words of a caption; what is longer is cut off
    width: camp.Count = 256  # numbers of an embedded word, of the LSTM's state and of an embedded picture
    dropout: camp.Fraction = 0.5
    picture_dropout: camp.Fraction = 0.2  # of the features
    label_smoothing: camp.Fraction = 0.1
    learning_rate: camp.Rate = 2e-3  # AdamW's highest; it rises for 15 % of the steps, then falls to 0 along a cosine
    weight_decay: camp.NonNegative = 0.01  # AdamW's
    clip_norm: camp.Rate = 5.0  # largest norm of the gradients
    batch_size: camp.Count = 64  # captions
    num_epochs: camp.Count = 14
    patience: camp.Count = 3  # epochs without a new lowest dev loss before a training stops
    ema_decay: camp.Fraction | None = 0.99  # of the moving average of the weights
    num_seeds: camp.Count = 3  # trainings of each network, from --seed on
    widths: camp.Several[Annotated[int, Ge(2)]] = (5, 10, 20)  # of the beam, beside greedy search
    exponents: camp.Several[camp.NonNegative] = (0.0, 0.5, 0.75, 1.0)  # of the length that scores are divided by
    votes: camp.Several[camp.Rate] = (10.0, 30.0, 100.0)  # weights of similar pictures' captions, beside none
    neighbours: camp.Count = 80  # similar training pictures that vote
    sharpness: camp.NonNegative = 10.0  # exp(sharpness * cosine) is the weight of each of them


QUICK = replace(Settings(), train_pictures=240, dev_pictures=50, test_pictures=50, threshold=3, width=96, batch_size=16)
QUICK = replace(QUICK, learning_rate=4e-3, dropout=0.3, num_epochs=10, num_seeds=1, neighbours=20)
QUICK = replace(QUICK, widths=(3,), exponents=(0.0, 0.75), votes=(10.0,))


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    counts = settings.train_pictures, settings.dev_pictures, settings.test_pictures
    data = context.load(camp.load_captions, counts=counts, image_size=settings.image_size)
    parts = data.parts()
    captions = {part: parts[part].cleaned() for part in PARTS}
    vocabulary = Vocabulary.of((words for each in captions["train"] for words in each), settings.threshold)
    weights, extractors = find_extractors(settings, context)
    features, cost = extract_all(extractors, parts)
    write_features(context.path / "features.npz", parts, features)
    known = features["train"]["pooled"][0], captions["train"]

    seeds = context.seeds(settings.num_seeds)
    common = {"settings": settings, "features": features, "captions": captions, "vocabulary": vocabulary}
    common |= {"folder": context.checkpoints, "amp": context.options.amp}
    said = "dev loss {0[loss]:.4f}, the lowest after epoch {0[epoch]}".format
    axes = {"network": NETWORKS, "seed": seeds}
    grid = context.grid(train_cell, axes, common=common, describe=said, here=lambda **point: True)
    blown = any(map(camp.diverged, grid.results.values()))
    camp.require(not blown, "a training diverged: give a smaller learning_rate")
    cells = {network: [grid.at(network=network, seed=seed) for seed in seeds] for network in NETWORKS}

    place = {"settings": settings, "vocabulary": vocabulary, "folder": context.checkpoints, "seeds": seeds}
    common = place | {"features": features["valid"], "captions": captions["valid"], "known": known}
    said = "best dev BLEU-4 {0[best]:.4f}".format
    axes = {"group": GROUPS, "width": (1, *settings.widths)}
    searches = context.grid(
        search_cell, axes, common=common, describe=said, prefix="search-", here=lambda **point: True
    )
    rows = [row for cell in searches.results.values() for row in cell["rows"]]
    dev = judge_dev(rows, settings.widths)
    way, group = as_way(dev["chosen"]), load_group(dev["chosen"]["group"], features=features["valid"], **place)
    single = load_group(POOLED, features=features["valid"], **place)[:1]
    context.say(f"chosen on dev pictures: {dev['chosen']['group']}, dev BLEU-4 {dev['chosen']['bleu'][-1]:.4f}")
    tested = caption_test(settings, (group, single), dev, features["test"], captions["test"], known, vocabulary)
    context.say(f"test BLEU-1 to BLEU-4: {', '.join(f'{score:.4f}' for score in tested['judged']['bleu']['chosen'])}")
    publish(settings, context, weights, extractors["pooled"], group, known, vocabulary, way)
    attends = load_group(ATTENTION, features=features["valid"], **place)[0]
    looked = look(attends, features["test"], tested["captions"], vocabulary)

    scored = {"value": tested["judged"]["bleu"], "interval": tested["judged"]["intervals"]}

    vgg = count_all()
    results = {"vgg": vgg, "questions": answer_all(vgg), "data": describe_data(captions, vocabulary, settings.longest)}
    results |= {"trained": judge_trainings(cells), "dev": dev, "test": tested["judged"]}
    results |= {"compared": compare_networks(judge_trainings(cells), dev["greedy"])}
    results |= {"words": look_at_words(tested["captions"], captions["train"], vocabulary)}
    results |= {"shown": examples(tested["rows"], tested["captions"], data.test.names)}
    results |= {"cost": cost | {"minutes": context.seconds / 60}}
    return camp.Answer(
        title="作业captions:看图写一句话",
        results=results,
        values=values_of(settings, features, vocabulary, captions, data),
        headline={"name": "BLEU-4", "split": "test"} | {key: scores["chosen"][-1] for key, scores in scored.items()},
        figures=draw_all(results, cells, rows, data.test, looked),
        histories={
            f"{network}-{seed}": camp.History.from_dict(cell["history"])
            for network, row in cells.items()
            for seed, cell in zip(seeds, row, strict=True)
        },
    )


def values_of(settings: Settings, features: dict, vocabulary: Vocabulary, captions: dict, data: Any) -> dict[str, Any]:
    """What the answer's text needs besides the results."""
    example = data.train.captions[0][0]
    values: dict[str, Any] = {
        "summaries": {name: keras_summary(name, rows_of(which)) for name, which in SUMMARIES.items()}
    }
    values |= {"counts": data.info.counts, "goals": GOALS, "quoted": QUOTED, "enough": camp.comparisons.ENOUGH}
    values["pooled"], (places, channels) = features["train"]["pooled"].shape[-1], features["train"]["grid"].shape[2:]
    values |= {"places": places, "channels": channels, "real": data.info.origin == "real"}
    words = captions["train"][0][0]
    values["example"] = {"text": example, "words": " ".join(words), "numbers": vocabulary.encode([words])[0].tolist()}
    return values | {"code": camp.code_of(Captioner._read), "loss": camp.code_of(train_cell)}


SUMMARIES = {"vgg16": "D", "vgg19": "E"}
