"""Pictures with several captions each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddle_camp.data.captions.words import Words, clean
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.showing import picture_strip
from paddle_camp.notebook import table_html


@dataclass(frozen=True, repr=False)
class CaptionedPictures:
    """N pictures, each with its captions.

    Attributes:
        pictures: BGR; their labels are their places, 0 to N - 1.
        captions: of each picture, as they were written.
    """

    pictures: ImageSet
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.captions)

    @classmethod
    def of(cls, images: np.ndarray, names: Sequence[str], captions: Sequence[Sequence[str]]) -> CaptionedPictures:
        """Pictures, uint8 BGR ``[N, 3, S, S]``, with N names and the captions of each."""
        pictures = ImageSet(images, np.arange(len(images)), tuple(names))
        return cls(pictures, tuple(map(tuple, captions)))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the pictures' files."""
        return self.pictures.names

    def cleaned(self) -> list[list[Words]]:
        """The words of each picture's captions (:func:`~paddle_camp.data.captions.words.clean`), without empty ones."""
        return [[words for words in map(clean, captions) if words] for captions in self.captions]

    def take(self, index: np.ndarray) -> CaptionedPictures:
        """The pictures at ``index`` (int64 ``[M]``), in that order."""
        taken = self.pictures.take(index)
        return CaptionedPictures.of(taken.images, taken.names, [self.captions[i] for i in index])

    def fingerprint(self) -> str:
        """A hash of pictures, names and captions: the same data, the same 16 hex digits."""
        texts = "\0".join("\n".join(captions) for captions in self.captions).encode("utf-8", "surrogatepass")
        return hashlib.sha256(self.pictures.fingerprint().encode() + texts).hexdigest()[:16]

    def __repr__(self) -> str:
        count = sum(map(len, self.captions))
        return (
            f"CaptionedPictures({len(self):,} pictures, {count:,} captions, uint8 {list(self.pictures.images.shape)})"
        )

    def _repr_html_(self) -> str:
        """In a notebook: some of the pictures, and the first captions."""
        rows = [(name, captions[0]) for name, captions in zip(self.names[:5], self.captions, strict=False)]
        strip = picture_strip(self.pictures.images, self.pictures.labels)
        return f"<p>{self!r}</p>{table_html(('picture', 'first caption'), rows)}{strip}"
