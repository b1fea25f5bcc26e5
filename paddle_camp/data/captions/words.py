"""Captions as words: cleaned, and numbered by a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from paddle_camp.errors import require

START, END, UNKNOWN = "<start>", "<end>", "<unk>"
SPECIAL = (END, START, UNKNOWN)  # the first three numbers; what is behind a caption's end is filled up with END, 0

Words = tuple[str, ...]


def clean(caption: str) -> Words:
    """The words of a caption: lower case, and only those that are made of letters.

    ``A man's dog -- 2 of them -- runs .`` is (a, dog, of, them, runs): numbers, punctuation, and what has an
    apostrophe or a hyphen in it fall away, as in the usual preparation of Flickr8k.
    """
    return tuple(word for word in caption.lower().split() if word.isalpha())


@dataclass(frozen=True)
class Vocabulary:
    """Words and their numbers; the first three are :data:`SPECIAL`."""

    words: Words

    def __post_init__(self) -> None:
        fits = self.words[: len(SPECIAL)] == SPECIAL and len(set(self.words)) == len(self.words)
        require(fits, f"words: each stands once, and {', '.join(SPECIAL)} come first")
        object.__setattr__(self, "_numbers", {word: number for number, word in enumerate(self.words)})

    @classmethod
    def of(cls, captions: Iterable[Words], threshold: int = 1) -> Vocabulary:
        """The words that stand at least ``threshold`` times in ``captions``, the most frequent first.

        Raises:
            SettingError: there are none.
        """
        counts = Counter(word for caption in captions for word in caption)
        kept = sorted((word for word, count in counts.items() if count >= threshold), key=lambda w: (-counts[w], w))
        require(bool(kept), f"no word stands {threshold} times in the captions: give a smaller threshold")
        return cls((*SPECIAL, *kept))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._numbers  # type: ignore[attr-defined]

    def encode(self, captions: Sequence[Words], length: int | None = None) -> np.ndarray:
        """The numbers of captions, int64 ``[N, length + 2]``: start, the words, end; filled up with ends.

        Args:
            length: words of a caption at most, those behind are cut off; None: as many as the longest has.
        """
        longest = max(map(len, captions), default=0)
        length = longest if length is None else min(length, longest)
        rows = np.full((len(captions), length + 2), SPECIAL.index(END), np.int64)
        rows[:, 0] = SPECIAL.index(START)
        unknown = SPECIAL.index(UNKNOWN)
        for row, caption in zip(rows, captions, strict=True):
            numbers = [self._numbers.get(word, unknown) for word in caption[:length]]  # type: ignore[attr-defined]
            row[1 : len(numbers) + 1] = numbers
        return rows

    def decode(self, numbers: Iterable[int]) -> Words:
        """The words up to the first end, without start and unknown ones."""
        found = []
        for number in numbers:
            if number == SPECIAL.index(END):
                break
            if number >= len(SPECIAL):
                found.append(self.words[number])
        return tuple(found)
