"""BLEU against cases counted by hand, its bootstrap, and the consensus of several captions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddle_camp.bleu import bleu, bleu_difference, bleu_intervals, corpus_bleu, statistics
from paddle_camp.consensus import expected_likeness, likeness
from paddle_camp.errors import SettingError


def words(text):
    return tuple(text.split())


def test_one_caption_by_hand():
    caption = words("a dog runs in the snow")
    references = [words("a dog runs through snow"), words("the brown dog is in the deep snow today")]
    # Words: a dog runs in the snow: all 6. Pairs: "a dog", "dog runs", "in the": 3 of 5. Triples: "a dog runs": 1 of 4.
    # Fours: 0 of 3. The nearest length is 5, shorter than 6: no penalty.
    assert statistics([caption], [references]).tolist() == [[6, 3, 1, 0, 6, 5, 4, 3, 6, 5]]
    found = corpus_bleu([caption], [references])
    assert found == pytest.approx([1, (1 * 3 / 5) ** (1 / 2), (3 / 5 / 4) ** (1 / 3), 0])


def test_a_word_counts_as_often_as_one_reference_has_it():
    """The example of the paper: seven times "the" has a precision of 2/7."""
    references = [words("the cat is on the mat"), words("there is a cat on the mat")]
    assert corpus_bleu([words("the the the the the the the")], [references])[0] == pytest.approx(2 / 7)


def test_a_corpus_is_counted_together_and_short_captions_pay():
    captions = [words("a dog"), words("two men play football outside")]
    references = [[words("a dog runs fast")], [words("two men play football outside"), words("men")]]
    # All n-grams are found; 2 + 5 words, the nearest references have 4 + 5.
    penalty = math.exp(1 - 9 / 7)
    assert corpus_bleu(captions, references) == pytest.approx([penalty] * 4)
    rows = statistics(captions, references)
    assert bleu(rows) == corpus_bleu(captions, references) and bleu(rows[1:]) == pytest.approx([1] * 4)
    assert bleu(rows[:1])[-1] == 0 < bleu(rows[:1], smooth=1.0)[-1]


def test_captions_without_words_and_without_references_of_theirs():
    assert corpus_bleu([()], [[words("a dog")]]) == [0, 0, 0, 0]
    with pytest.raises(SettingError, match="2 captions for the references of 1"):
        statistics([(), ()], [[words("a dog")]])


def test_intervals_and_paired_differences():
    rng = np.random.default_rng(0)
    references = [[tuple(map(str, rng.integers(0, 9, 8)))] for _ in range(60)]
    good = [each[0][:6] + ("x", "y") for each in references]
    poor = [each[0][:5] + ("x", "y", "z") for each in references]
    rows, others = statistics(good, references), statistics(poor, references)
    intervals = bleu_intervals(rows, draws=50)
    assert all(low <= score <= high for (low, high), score in zip(intervals, bleu(rows), strict=True))
    found = bleu_difference(rows, others, draws=50)
    assert 0 < found["interval"][0] <= found["difference"] <= found["interval"][1]
    assert found["difference"] == pytest.approx(bleu(rows)[-1] - bleu(others)[-1])
    assert bleu_difference(rows, rows, draws=9) == {"difference": 0, "interval": [0, 0]}


def test_likeness_by_hand():
    one, other = words("a dog runs"), words("a dog sits down")
    # 2 words of 3 + 4, 1 pair of 2 + 3, no triple, no four; a caption of three words has no four.
    assert likeness([one], [other, one])[0] == pytest.approx([(4 / 7 + 2 / 5) / 4, 3 / 4])
    assert likeness([other], [one])[0, 0] == likeness([one], [other])[0, 0]
    assert likeness([()], [one])[0, 0] == 0


def test_the_consensus_is_what_the_others_are_like():
    captions = [words("snow falls"), words("a dog runs in snow"), words("a dog runs in the snow"), words("a dog runs")]
    assert expected_likeness(captions, captions, np.ones(4)).argmax() == 1
    assert expected_likeness(captions, captions, np.array([9.0, 0, 0, 0])).argmax() == 0
    found = expected_likeness(captions, captions[1:3], np.array([1.0, 3.0]))
    assert found == pytest.approx(likeness(captions, captions[1:3]) @ [0.25, 0.75])
