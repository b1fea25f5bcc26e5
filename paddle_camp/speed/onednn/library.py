"""oneDNN's C library, which Paddle's wheels bring along: found beside Paddle, its version checked, called by ctypes.

Every function of oneDNN returns a status; :meth:`Library.call` makes an :class:`OneDnnError` of any but success. What
oneDNN hands out lives as long as the :class:`Handle` that holds it. Source: oneDNN's reference of its C API (dnnl.h,
dnnl_types.h), version 3.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any

import paddle

NAME = "libdnnl.so.3"
# That the constants below were checked with: Paddle 2.6.2 brings 3.2, Paddle 3.3 brings 3.6.
VERSIONS = (3, 2), (3, 99)
STATUS = {
    1: "out of memory",
    2: "invalid arguments",
    3: "unimplemented",
    4: "last implementation reached",
    5: "runtime error",
    6: "not required",
    7: "invalid graph",
    8: "invalid graph operation",
    9: "invalid shape",
    10: "invalid data type",
}
CPU, IN_ORDER = 1, 1  # kinds of an engine and of a stream


class OneDnnError(Exception):
    """oneDNN is not there, or refused or failed what it was asked; the caller lets Paddle compute instead."""


class Handle:
    """What oneDNN handed out, given back when nothing holds it any more."""

    def __init__(self, library: Library, kind: str, value: ctypes.c_void_p):
        self.value, self._library, self._kind = value, library, kind

    def __del__(self) -> None:
        self._library.destroy(self._kind, self.value)


class Version(ctypes.Structure):
    """``dnnl_version_t``."""

    _fields_ = (
        ("major", ctypes.c_int),
        ("minor", ctypes.c_int),
        ("patch", ctypes.c_int),
        ("hash", ctypes.c_char_p),
        ("cpu_runtime", ctypes.c_uint),
        ("gpu_runtime", ctypes.c_uint),
    )


class Library:
    """The loaded library.

    Raises:
        OneDnnError: there is none, it cannot be loaded, or it is of a version that this code does not know.
    """

    def __init__(self, path: Path):
        try:
            self._c = ctypes.CDLL(str(path))
            self._c.dnnl_version.restype = ctypes.POINTER(Version)
            self._c.dnnl_primitive_desc_query_md.restype = ctypes.c_void_p
            self._c.dnnl_memory_desc_get_size.restype = ctypes.c_size_t
            self._max_threads = self._c.omp_get_max_threads  # of the OpenMP library that oneDNN itself is linked with
        except (OSError, AttributeError) as error:
            raise OneDnnError(f"{path}: {error}") from None
        found = self._c.dnnl_version()[0]
        self.version = (found.major, found.minor, found.patch)
        if not VERSIONS[0] <= self.version[:2] <= VERSIONS[1]:
            raise OneDnnError(f"{path}: version {'.'.join(map(str, self.version))}, known are 3.2 and later 3.x")
        self.engine = self.create("engine", "dnnl_engine_create", CPU, ctypes.c_size_t(0))

    def call(self, function: str, *arguments: Any) -> None:
        """Call a function that returns a status.

        Raises:
            OneDnnError: the status is not success.
        """
        status = getattr(self._c, function)(*arguments)
        if status:
            raise OneDnnError(f"{function}: {STATUS.get(status, f'status {status}')}")

    def create(self, kind: str, function: str, *arguments: Any) -> Handle:
        """What ``function`` puts behind its first argument; ``dnnl_{kind}_destroy`` gives it back."""
        value = ctypes.c_void_p()
        self.call(function, ctypes.byref(value), *arguments)
        return Handle(self, kind, value)

    def destroy(self, kind: str, value: ctypes.c_void_p) -> None:
        """Give back what :meth:`create` made."""
        getattr(self._c, f"dnnl_{kind}_destroy")(value)

    def queried(self, descriptor: Handle, what: int) -> ctypes.c_void_p:
        """A memory descriptor that belongs to the primitive descriptor and lives as long as it."""
        return ctypes.c_void_p(self._c.dnnl_primitive_desc_query_md(descriptor.value, what, 0))

    def size(self, memory_descriptor: ctypes.c_void_p) -> int:
        """Bytes."""
        return self._c.dnnl_memory_desc_get_size(memory_descriptor)

    def same(self, one: ctypes.c_void_p, other: ctypes.c_void_p) -> bool:
        """Whether two memory descriptors say the same."""
        return bool(self._c.dnnl_memory_desc_equal(one, other))

    def threads(self) -> int:
        """The number of threads that a call from this thread would use; oneDNN plans a primitive for it."""
        return self._max_threads()


def library() -> Library:
    """The library of the installed Paddle, looked for once.

    Raises:
        OneDnnError: as for :class:`Library`.
    """
    found = _found()
    if isinstance(found, OneDnnError):
        raise found
    return found


@functools.cache
def _found() -> Library | OneDnnError:
    """The library, or why there is none."""
    try:
        return Library(Path(paddle.__file__).parent / "libs" / NAME)
    except OneDnnError as error:
        return error
