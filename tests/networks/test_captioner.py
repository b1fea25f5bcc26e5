"""The network of captions, and the search for captions, against all captions that there are."""

from __future__ import annotations

import itertools

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from paddle_camp.networks.captioner import Captioner
from paddle_camp.networks.decoding import END, START, UNKNOWN, Candidate, beam_search
from paddle_camp.networks.modes import evaluating

WORDS = 6  # end, start, unknown, and three


def network(grid=0, seed=0):
    paddle.seed(seed)
    model = Captioner(WORDS, pooled=4, grid=grid, width=8)
    for parameter in model.parameters():  # the first weights are so small that all words are alike
        parameter.set_value(parameter * 3 + 0.3 * paddle.randn(parameter.shape))
    return model


def features(grid=0, count=3, seed=1):
    rng = np.random.default_rng(seed)
    found = {"pooled": rng.standard_normal((count, 4)).astype(np.float32)}
    return found | ({"grid": rng.standard_normal((count, 5, grid)).astype(np.float32)} if grid else {})


def tensors(values):
    return {name: paddle.to_tensor(each) for name, each in values.items()}


@pytest.mark.parametrize("grid", [0, 3])
def test_word_by_word_is_the_same_as_all_words_at_once(grid):
    model, inputs = network(grid), tensors(features(grid))
    words = paddle.to_tensor(np.array([[START, 3, 4, 5], [START, 5, 5, 3], [START, 4, 3, 3]]))
    with evaluating(model):
        whole = model(words=words, **inputs)
        state = model.start(**inputs)
        for place in range(4):
            logits, state = model.step(state, words[:, place])
            np.testing.assert_allclose(logits.numpy(), whole[:, place].numpy(), atol=1e-5)
    assert whole.shape == [3, 4, WORDS]


def test_the_picture_matters_and_so_does_every_place():
    model, inputs = network(3), tensors(features(3))
    words = paddle.to_tensor(np.full((3, 2), START))
    with evaluating(model):
        looked = model.attention(words=words, **inputs)
        assert looked.shape == [3, 2, 5]
        np.testing.assert_allclose(looked.sum(axis=-1).numpy(), 1, atol=1e-6)
        before = model(words=words, **inputs).numpy()
        for name in inputs:
            changed = inputs | {name: inputs[name] + 1}
            assert np.abs(model(words=words, **changed).numpy() - before).max() > 1e-3


def log_probability(models, inputs, row, said):
    """Of a whole caption, its end included: the mean over networks, word by word."""
    words = paddle.to_tensor(np.array([[START, *said]]))
    logs = []
    for model in models:
        with evaluating(model):
            logits = model(words=words, **{name: each[row : row + 1] for name, each in tensors(inputs).items()})
            logs.append(F.log_softmax(logits, axis=-1)[0].numpy())
    return sum(np.mean(logs, axis=0)[place, word] for place, word in enumerate([*said, END]))


@pytest.mark.parametrize("count", [1, 2])
def test_a_wide_beam_finds_the_most_probable_of_all_captions(count):
    models, inputs, longest = [network(seed=seed) for seed in range(count)], features(), 3
    everything = [said for n in (1, 2, 3) for said in itertools.product((3, 4, 5), repeat=n)]
    found = beam_search(models, inputs, width=60, longest=longest)
    for row, candidates in enumerate(found):
        scores = {said: log_probability(models, inputs, row, said) for said in everything}
        assert candidates[0].words == max(scores, key=scores.get)
        assert sorted({each.words for each in candidates}) == sorted(everything)  # each one, once
        for each in candidates:
            assert each.score == pytest.approx(scores[each.words], abs=1e-4)


def test_greedy_takes_the_best_word_each_time():
    model, inputs = network(seed=2), features(count=4)
    for row, candidates in enumerate(beam_search([model], inputs, width=1, longest=6)):
        said = []
        while len(said) < 6:
            words = paddle.to_tensor(np.array([[START, *said]]))
            with evaluating(model):
                rows = {name: each[row : row + 1] for name, each in tensors(inputs).items()}
                logits = model(words=words, **rows)[0, -1].numpy()
            logits[[START, UNKNOWN, *([] if said else [END])]] = -np.inf
            if logits.argmax() == END:
                break
            said.append(int(logits.argmax()))
        assert candidates[0].words == tuple(said)


def test_a_caption_has_a_word_and_ends():
    for candidates in beam_search([network(seed=3)], features(count=300), width=2, longest=4):
        assert candidates
        for each in candidates:
            assert 1 <= len(each.words) <= 4 and set(each.words) <= {3, 4, 5}


def test_the_rank_divides_by_the_length():
    assert Candidate((3, 3, 3), -8.0).rank(0) == -8 and Candidate((3, 3, 3), -8.0).rank(1) == -2
    assert Candidate((3, 3, 3), -8.0).rank(0.5) == -4
