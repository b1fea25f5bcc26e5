"""VisualDL logs of a run (``--visualdl``); the package is optional: ``pip install -e .[visualdl]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from paddle_camp.errors import CampError
from paddle_camp.history import History


def require_visualdl() -> None:
    """Check that VisualDL can be imported, before the training.

    Raises:
        CampError: VisualDL is not installed.
    """
    try:
        import visualdl  # noqa: F401
    except (ImportError, TypeError) as error:  # TypeError: an old one on a new protobuf
        raise CampError(f"--visualdl: it cannot be imported ({error}); type: pip install -e .[visualdl]") from None


def write_visualdl(folder: Path, histories: Mapping[str, History]) -> None:
    """Write one log directory per training below ``folder``; ``visualdl --logdir FOLDER`` compares them.

    Scalars: ``step/loss`` and ``step/learning_rate`` per step, ``SPLIT/loss`` and ``SPLIT/accuracy`` per measurement.
    """
    from visualdl import LogWriter

    for name, history in histories.items():
        with LogWriter(logdir=str(folder / name.replace(" ", "-"))) as writer:
            for row in history.steps:
                for key in ("loss", "learning_rate"):
                    writer.add_scalar(tag=f"step/{key}", step=row["step"], value=row[key])
            for row in history.evaluations:
                for key in ("loss", "accuracy"):
                    if key in row:
                        writer.add_scalar(tag=f"{row['split']}/{key}", step=row["step"], value=row[key])
