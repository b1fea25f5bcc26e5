"""What a training saves, and where."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from paddle_camp.errors import require


@dataclass(frozen=True)
class CheckpointPolicy:
    """What :func:`~paddle_camp.training.fit.fit` saves, and where.

    Attributes:
        folder: gets ``last`` at every epoch's end and every ``seconds``, ``best`` when the loss on ``best_on`` reaches
            a new minimum, and ``epoch_K`` after epoch K if ``every_epoch``.
        best_on: the name of an evaluation, never of the split that results are reported on; None for no ``best``.
        every_epoch: whether epochs are kept, for :func:`~paddle_camp.training.fit.fork`; or the numbers of those that
            are, from 1 on (a checkpoint of VGG-16 has a gigabyte).
    """

    folder: Path
    best_on: str | None = None
    every_epoch: bool | Collection[int] = False
    seconds: float = 60.0

    def __post_init__(self) -> None:
        named = str(self.folder) not in ("", ".")  # Path("") is the second
        require(named, f"keep={str(self.folder)!r}: give a folder for checkpoints")
        folder = Path(self.folder).expanduser()  # a text is a path too
        require(not folder.is_file(), f"keep={folder}: is a file; give a folder for checkpoints")
        object.__setattr__(self, "folder", folder)  # a frozen dataclass has no other way

    def keeps(self, epoch: int) -> bool:
        """Whether there will be an ``epoch_K`` of this epoch."""
        return self.every_epoch if isinstance(self.every_epoch, bool) else epoch in self.every_epoch

    @classmethod
    def of(cls, keep: CheckpointPolicy | Path | str | None) -> CheckpointPolicy | None:
        """``keep`` as a policy; a path is a folder.

        Raises:
            SettingError: it is something else.
        """
        if keep is None or isinstance(keep, CheckpointPolicy):
            return keep
        named = isinstance(keep, Path) or (isinstance(keep, str) and keep != "")
        require(named, f"keep={keep!r}: give a folder for checkpoints, or a CheckpointPolicy")
        return cls(Path(keep))
