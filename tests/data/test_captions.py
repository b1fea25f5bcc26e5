"""Captions: the original layout and what is wrong with it, words and vocabularies, batches by length, the stand-in."""

from __future__ import annotations

import numpy as np
import pytest

import paddle_camp
from paddle_camp.data.captions.batches import NOTHING, CaptionBatches
from paddle_camp.data.captions.loading import load_captions
from paddle_camp.data.captions.words import SPECIAL, Vocabulary, clean
from paddle_camp.data.finding.sources import find
from paddle_camp.errors import DataError, SettingError
from tests.helpers.caption_files import captions_of, names_of, write_flickr8k
from tests.helpers.spoiling import edit, without

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


@pytest.fixture
def flickr(tmp_path):
    return write_flickr8k(tmp_path / "data" / "flickr8k")


def load(folder, **options):
    return load_captions(data_dir=str(folder), image_size=16, **options)


def test_the_original_layout(flickr):
    data = load(flickr)
    assert data.info.counts == {"train": 6, "valid": 3, "test": 3} and data.info.name == "Flickr8k"
    assert data.train.names == tuple(names_of("train")) and data.valid.names == tuple(names_of("dev"))
    assert data.test.captions[0] == tuple(captions_of("test_2.jpg"))
    assert data.train.pictures.images.shape == (6, 3, 16, 16) and data.origin == "real"
    assert data.train.cleaned()[0][3] == ("a", "tra", "dog", "number", "runs", "in", "the", "garden")
    assert load(flickr.parent).path == flickr and paddle_camp.load_captions is load_captions
    assert "6 pictures, 30 captions" in repr(data.train) and "<table" in data.train._repr_html_()


def test_lists_beside_the_photographs(flickr, tmp_path):
    other = write_flickr8k(tmp_path / "flat", texts=".", pictures="Flickr8k_Dataset")
    assert load(other).info.fingerprint == load(flickr).info.fingerprint


def test_some_of_the_pictures_in_their_order(flickr):
    few = load(flickr, counts=(3, 2, None))
    assert few.info.counts == {"train": 3, "valid": 2, "test": 3}
    places = [names_of("train").index(name) for name in few.train.names]
    assert places == sorted(places) and few.train.captions[0] == tuple(captions_of(few.train.names[0]))
    again = few.train.take(np.array([2, 0]))
    assert again.names == (few.train.names[2], few.train.names[0]) and again.captions[1] == few.train.captions[0]
    assert again.fingerprint() != few.train.fingerprint()


TEXTS, TOKENS = "Flickr8k_text", "Flickr8k_text/Flickr8k.token.txt"
TRAIN = "Flickr8k_text/Flickr_8k.trainImages.txt"
DAMAGE = {
    "no folder": (lambda root: (root / "Flicker8k_Dataset").rename(root / "elsewhere"), "no folder Flicker8k_Dataset"),
    "no captions": (without(TOKENS), "Flickr8k.token.txt: no such file"),
    "no list": (without(TRAIN), "trainImages.txt: no such file"),
    "no tab": (edit(TOKENS, "#1\t", "#1 "), "line 3: not NAME.jpg#0, a tab and a caption"),
    "no number": (edit(TOKENS, "#1\t", "#one\t"), "line 3: not NAME.jpg#0"),
    "empty table": (lambda root: (root / TOKENS).write_text("\n"), "there are no captions in it"),
    "empty list": (lambda root: (root / TRAIN).write_text(" \n"), "there are no names in it"),
    "no picture's name": (edit(TRAIN, "train_5.jpg", "../x.jpg"), "line 1: '../x.jpg' is no name"),
    "twice": (edit(TRAIN, "train_4.jpg", "train_5.jpg"), "line 2: train_5.jpg stands on line 1"),
    "in two lists": (
        edit(f"{TEXTS}/Flickr_8k.testImages.txt", "test_0.jpg", "dev_1.jpg"),
        "dev_1.jpg is in Flickr_8k.devImages.txt too",
    ),
    "captions for none": (edit(TRAIN, "train_0.jpg", "new.jpg"), "new.jpg has no caption in"),
    "missing picture": (
        without("Flicker8k_Dataset/dev_2.jpg"),
        "dev_2.jpg: 1 of the 12 pictures in the lists are missing",
    ),
    "damaged picture": (
        lambda root: (root / "Flicker8k_Dataset" / "dev_2.jpg").write_bytes(b"\xff\xd8 cut"),
        "dev_2.jpg: not a whole",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_one_line(flickr, name):
    damage, says = DAMAGE[name]
    damage(flickr)
    with pytest.raises(DataError) as caught:
        load(flickr)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_caption_without_words_does_not_count(flickr):
    edit(TOKENS, captions_of("train_5.jpg")[0], "2 - 3 !")(flickr)
    found = load(flickr).train
    assert len(found.captions[0]) == 5 and len(found.cleaned()[0]) == 4


def test_wrong_arguments():
    with pytest.raises(SettingError, match="0 pictures are asked for"):
        load_captions("synthetic", counts=(0, None, None))
    with pytest.raises(SettingError, match="image_size=0"):
        load_captions("synthetic", image_size=0)
    with pytest.raises(DataError, match="Flickr8k was not found"):
        load_captions("real")


def test_the_stand_in_says_what_it_is_and_what_is_in_it():
    data = load_captions("synthetic", image_size=64, counts=(8, 4, 4))
    assert data.info.stand_in == "stand-in data, generated: not Flickr8k" and len(data.train) == 8
    again = load_captions("synthetic", image_size=64, counts=(3, 4, 4))
    assert again.train.captions == data.train.captions[:3]  # picture i does not depend on how many there are
    np.testing.assert_array_equal(again.train.pictures.images, data.train.pictures.images[:3])
    assert data.train.captions[0] != data.valid.captions[0]
    for captions in data.train.captions:
        words = {word for caption in captions for word in clean(caption)}
        assert len(captions) == 5 and words & {"circle", "square", "triangle", "star"}


def test_a_drawn_shape_has_the_colour_of_its_caption():
    data = load_captions("synthetic", image_size=64, counts=(40, 1, 1)).train
    single = [i for i, captions in enumerate(data.captions) if any(" alone " in caption for caption in captions)]
    red = [i for i in single if " red " in data.captions[i][0] + data.captions[i][1] + data.captions[i][2]]
    assert red
    for i in red:
        blue, green, strong = data.pictures.images[i, :, 29:35, 29:35].mean(axis=(1, 2))
        assert strong > 150 and max(blue, green) < 100


def test_cleaning_keeps_words_of_letters():
    assert clean("A man's dog -- 2 of them -- RUNS .") == ("a", "dog", "of", "them", "runs")
    assert clean(" , ") == ()


def test_a_vocabulary_by_hand():
    captions = [("b", "a"), ("a", "c"), ("b", "a"), ("d",)]
    vocabulary = Vocabulary.of(captions, 2)
    assert vocabulary.words == (*SPECIAL, "a", "b") and len(vocabulary) == 5
    rows = vocabulary.encode([("b", "a"), ("c",), ("a", "b", "a")])
    assert rows.tolist() == [[1, 4, 3, 0, 0], [1, 2, 0, 0, 0], [1, 3, 4, 3, 0]]
    assert vocabulary.encode([("a", "b", "a")], 2).tolist() == [[1, 3, 4, 0]]
    assert vocabulary.decode([4, 2, 3, 0, 4]) == ("b", "a")
    with pytest.raises(SettingError, match="no word stands 9 times"):
        Vocabulary.of(captions, 9)
    with pytest.raises(SettingError, match="each stands once"):
        Vocabulary(("a", "b", "c"))


def batches(count=23, seed=3, **options):
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary((*SPECIAL, "a", "b"))
    words = vocabulary.encode([("a",) * int(length) for length in rng.integers(1, 9, count)])
    features = {"pooled": np.stack([np.arange(count, dtype=np.float32), np.arange(count) + 100.0]).astype(np.float32)}
    return CaptionBatches({"pooled": features["pooled"][:, :, None]}, np.arange(count), words, 5, seed, **options)


def test_every_caption_comes_once_in_batches_of_about_one_length():
    source = batches()
    for epoch in (0, 1):
        assert sorted(np.concatenate(list(source.indices(epoch))).tolist()) == list(range(23))
        spread = [np.ptp(source.lengths[rows]) for rows in source.indices(epoch)]
        assert len(spread) == 5 and np.mean(spread) < np.ptp(source.lengths) / 2
    assert (
        source.order(0).tolist() != source.order(1).tolist() and source.order(0).tolist() == batches().order(0).tolist()
    )


def test_a_batch_by_hand():
    source = batches()
    for rows, (inputs, targets) in zip(source.indices(1), source.epoch(1), strict=True):
        length = int(source.lengths[rows].max())
        assert inputs["words"].shape == targets.shape == (len(rows), length)
        for row, said, target, picture in zip(rows, inputs["words"], targets, inputs["pooled"][:, 0], strict=True):
            own = int(source.lengths[row])
            assert said[:own].tolist() == [1] + [3] * (own - 1) and target[: own - 1].tolist() == [3] * (own - 1)
            assert target[own - 1] == 0 and (target[own:] == NOTHING).all()
            assert picture % 100 == row


def test_versions_are_drawn_in_training_alone_and_the_middle_of_an_epoch_is_the_same():
    source = batches()
    whole = [inputs["pooled"] for inputs, _ in source.epoch(2)]
    drawn = np.concatenate(whole)[:, 0] >= 100
    assert 3 < drawn.sum() < 20
    for one, (other, _) in zip(whole[2:], source.epoch(2, start=2), strict=True):
        np.testing.assert_array_equal(one, other["pooled"])
    plain = np.concatenate([inputs["pooled"] for inputs, _ in batches(seed=None).epoch()])
    assert plain[:, 0].tolist() == list(range(23))


def test_the_real_set(real_data):
    """The counts are those that the subset's README states."""
    if find("flickr8k", real_data.parent if real_data.name == "flickr8k" else real_data) is None:
        pytest.skip(f"no flickr8k in {real_data}")
    data = load_captions(data_dir=str(real_data), image_size=8)
    captions = [words for each in data.train.cleaned() for words in each]
    if len(data.train) == 1500:
        assert data.info.counts == {"train": 1500, "valid": 250, "test": 250} and len(captions) == 7500
        assert len(Vocabulary.of(captions)) - len(SPECIAL) == 3808
        assert len(Vocabulary.of(captions, 5)) - len(SPECIAL) == 1186 and max(map(len, captions)) == 33
    assert all(data.test.captions) and data.origin == "real"
