"""What is read off a figure, its texts and its legend, and the note that the figures carry."""

from __future__ import annotations

NOTE = "stand-in data: drawn pictures, not iChallenge-PM"


def texts(figure) -> list[str]:
    """All texts of a figure, those of its panels and legends included."""
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]
