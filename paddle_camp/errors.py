"""The errors that are reported in one line, with a traceback only after ``--debug``, and their exit statuses.

:class:`CampError`, a mistake that the user can correct, ends with status 2; :class:`RunError`, a failed run, with 1.
"""


class CampError(Exception):
    """A mistake that the user can correct; the message says what is wrong, where, and what to do."""


class DataError(CampError):
    """A data set is missing, damaged or not what its name says."""


class SettingError(CampError):
    """A setting has an unknown name or a value of the wrong type or range."""


class CheckpointError(CampError):
    """A checkpoint is missing, damaged, or belongs to another network or run."""


class OutOfMemoryError(CampError):
    """A batch does not fit into the device's memory, in a training step or in an evaluation."""

    def __init__(self, batch_size: int, training: bool = True):
        smaller = "take smaller pictures (-o image_size=...) or another model"
        if training and batch_size > 1:
            smaller = f"start again with -o batch_size={batch_size // 2}"
        step = "a training step" if training else "an evaluation"
        super().__init__(f"out of memory in {step} of {batch_size} samples: {smaller}")
        self.batch_size, self.training = batch_size, training

    def __reduce__(self):
        """How to copy it to another process: by its arguments, not by its message."""
        return type(self), (self.batch_size, self.training)


class RunError(Exception):
    """A run failed though the command line was right: exit status 1, and its message says it all."""


class PeerError(RunError):
    """Another process of a data-parallel run or the launcher has ended, or a connection broke (``reason``)."""

    def __init__(self, reason: str):
        super().__init__(
            "another process of this run is gone, or was busy for more than 30 s, or the launcher was stopped "
            f"({reason}): this one stops here; what the others said is in their workerlogs (the launcher's --log_dir); "
            "--resume goes on from the last checkpoint"
        )
        self.reason = reason

    def __reduce__(self):
        """How to copy it to another process: by its arguments, not by its message."""
        return type(self), (self.reason,)


class ClusterError(RunError):
    """The cluster that a sweep ran on failed it; what was finished is kept, and ``--resume`` goes on with it."""


class DivergedError(RunError):
    """A loss became NaN or infinite; carries the step."""

    def __init__(self, step: int, loss: float, split: str = "training"):
        super().__init__(
            f"the {split} loss became {loss} at step {step}: the run stops here; "
            "try a smaller learning rate (-o learning_rate=...)"
        )
        self.step, self.loss, self.split = step, loss, split

    def __reduce__(self):
        """How to copy it to another process: by its arguments, not by its message."""
        return type(self), (self.step, self.loss, self.split)


def require(condition: bool, message: str) -> None:
    """Raise :class:`SettingError` with ``message`` unless ``condition`` holds; for ``__post_init__``."""
    if not condition:
        raise SettingError(message)


def one_line(text: object, longest: int = 200) -> str:
    """A stranger's text, or what a library says of it, for a message: cut off, and without halves of characters."""
    return cut(" ".join(str(text).encode("utf-8", "backslashreplace").decode().split()), longest)


def cut(text: str, longest: int = 200) -> str:
    """A text that may be very long, for a message."""
    return text if len(text) <= longest else f"{text[:longest]}…"
