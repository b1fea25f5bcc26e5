"""The pictures of the page at every size that it needs, and batches of their three parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import paddle_camp as camp
from paddle_camp.data.image_set import split_off
from paddle_camp.data.parts import three_parts
from paddle_camp.data.pictures.augment import Change, mirror

AT_ONCE = 50  # pictures in a batch that is only measured
OWN_VALID = 0.1  # of one's own pictures, where they have no valid/


def load_own(folder: str, counts: tuple[int | None, int | None], image_size: int, seed: int) -> Any:
    """Class folders of one's own; where they have no part for validation, a tenth is split off as one."""
    data = camp.load_folder(folder, image_size)
    if data.valid is None:
        data = camp.load_folder(folder, image_size, OWN_VALID, seed)
    train, valid = (camp.draw(part, count, seed) for part, count in zip((data.train, data.valid), counts, strict=True))
    return replace(data, train=train, valid=valid)


@dataclass(eq=False)
class Pictures:
    """The pictures of a run, cats and dogs or one's own; those of the settings' ``image_size`` are announced.

    Attributes:
        data: at that size.
    """

    settings: Any
    context: camp.Context
    data: Any = field(init=False)

    def __post_init__(self) -> None:
        self.data = self._load(self.settings.image_size)
        self.context.announce(self.data.info, self.data.how)

    def _load(self, side: int) -> Any:
        settings, options = self.settings, self.context.options
        counts = settings.train_pictures, settings.valid_pictures
        if settings.folder is not None:
            return load_own(settings.folder, counts, side, self.context.seed)
        return camp.load_cats_and_dogs(options.data, options.data_dir, side, counts)

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the labels."""
        return self.data.train.kind.classes

    def at(self, side: int) -> Any:
        """The same pictures at another size: decoded anew, for a picture that is shrunk twice is another one."""
        return self.data if side == self.settings.image_size else self._load(side)

    def sets(self, size: int, source: int, batch_size: int, augment: Change) -> dict[str, camp.Batches]:
        """Batches of the three parts, and "cropped": the reported pictures as large as training crops are cut out of.

        Args:
            size: the side of the pictures that are measured.
            source: that of the training pictures before ``augment``.
        """
        seed, holdout, found = self.context.seed, self.settings.holdout, self.at(source)
        sets = three_parts(self.at(size), holdout, batch_size, seed, augment=augment, eval_batch_size=AT_ONCE)
        rest = split_off(found.train, holdout, seed)[0]
        return sets | {"train": replace(sets["train"], data=rest), "cropped": camp.Batches(found.valid, AT_ONCE)}


def mirrored(batches: camp.Batches) -> camp.Batches:
    """The same pictures, left for right."""
    return replace(batches, data=replace(batches.data, images=mirror(batches.data.images)))
