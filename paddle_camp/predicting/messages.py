"""Messages of one's own, weighted by TF-IDF with the vocabulary of the training messages, which a JSON file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from paddle_camp.data.finding.tables import read_text
from paddle_camp.errors import CheckpointError, DataError, one_line, require
from paddle_camp.files import load_json, write_text
from paddle_camp.predicting.inputs import Fail
from paddle_camp.predicting.tables import is_number

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

ANALYZERS = ("word", "char", "char_wb")
FLAGS = ("digits_as_zero", "lowercase", "sublinear_tf")
MAX_TERMS, MAX_GRAMS = 2**20, 10  # terms of a vocabulary; words or characters in a term


@dataclass(frozen=True)
class MessageInputs:
    """The weighted terms of messages: those of each of scikit-learn's ``TfidfVectorizer``, one behind the other."""

    name: ClassVar[str] = "messages"
    vectorizers: tuple[TfidfVectorizer, ...]

    @classmethod
    def load(cls, path: Path) -> MessageInputs:
        """Read what :meth:`save` wrote; the file may be a stranger's.

        Raises:
            CheckpointError: it is missing, damaged, or not such a file.
        """
        try:
            parts = load_json(path)
            return cls(tuple(_vectorizer(**part) for part in parts))
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror}); run the homework again") from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path}: damaged or of another version ({one_line(error)})") from None

    def save(self, path: Path) -> None:
        """Write, as JSON, how the messages are taken apart, the terms in their order, and the idf of each."""
        parts = []
        for each in self.vectorizers:
            part = {"analyzer": each.analyzer, "ngram_range": list(each.ngram_range)}
            part |= {"digits_as_zero": each.preprocessor is digits_as_zero}
            part |= {"lowercase": each.lowercase, "sublinear_tf": each.sublinear_tf}
            parts.append(part | {"terms": each.get_feature_names_out().tolist(), "idf": each.idf_.tolist()})
        write_text(path, json.dumps(parts, ensure_ascii=False) + "\n")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one message: the number of terms."""
        return (sum(len(each.vocabulary_) for each in self.vectorizers),)

    def samples(self, places: Iterable[str], texts: Iterable[str], fail: Fail) -> Iterator[tuple[str, str]]:
        """Each of ``texts``, called by itself, and each line of the files, called by its file and its number."""
        for text in texts:
            if text.strip():
                yield text, text
            else:
                fail(DataError("--text: the message is empty"))
        for place in places:
            try:
                lines = read_text(Path(place)).split("\n")
                lines = lines[:-1] if not lines[-1].strip() else lines
                if not lines:
                    raise DataError(f"{place}: there is no message in it; write one on each line")
            except DataError as error:
                fail(error)
                continue
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{place}:{number}", line.rstrip("\r")
                else:
                    fail(DataError(f"{place}, line {number}: the message is empty"))

    def arrays(self, samples: Sequence[str], variations: bool = False) -> list[np.ndarray]:
        """The weights of the terms, float32 ``[N, terms]``."""
        require(not variations, "--tta: messages have no variations; it is for pictures")
        parts = [each.transform(samples).toarray() for each in self.vectorizers]
        return [np.hstack(parts).astype(np.float32)]


def digits_as_zero(text: str) -> str:
    """A preprocessor: lower case, and each digit a 0, so that numbers of one shape are the same."""
    return re.sub(r"\d", "0", text.lower())


def _vectorizer(
    analyzer: str, ngram_range: list[int], terms: list[str], idf: list[float], **flags: bool
) -> TfidfVectorizer:
    """A fitted vectorizer. Nothing but these plain values reaches it: a pattern of a stranger's would be run.

    Raises:
        ValueError, TypeError: a value is not what :meth:`MessageInputs.save` writes.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    low, high = ngram_range
    if analyzer not in ANALYZERS or not (type(low) is type(high) is int and 1 <= low <= high <= MAX_GRAMS):
        raise ValueError(f"analyzer is one of {', '.join(ANALYZERS)}, ngram_range two numbers up to {MAX_GRAMS}")
    if set(flags) != set(FLAGS) or not all(isinstance(flag, bool) for flag in flags.values()):
        raise ValueError(f"{', '.join(FLAGS)} are true or false")
    if not 0 < len(terms) <= MAX_TERMS or not all(isinstance(term, str) for term in terms):
        raise ValueError(f"terms are texts, {MAX_TERMS:,} at most")
    vocabulary: dict[str, Any] = {term: place for place, term in enumerate(terms)}
    if len(vocabulary) != len(terms) or len(idf) != len(terms) or not all(map(is_number, idf)):
        raise ValueError("each term stands once, with a finite number in idf")
    options: dict[str, Any] = {"preprocessor": digits_as_zero} if flags.pop("digits_as_zero") else {}
    options |= flags | {"analyzer": analyzer, "ngram_range": (low, high), "vocabulary": vocabulary}
    fitted = TfidfVectorizer(**options)
    fitted.idf_ = np.asarray(idf, np.float64)
    return fitted
