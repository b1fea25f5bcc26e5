"""One file over HTTP: within a deadline, no more bytes than it has, and from nowhere but HTTP."""

from __future__ import annotations

import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

SILENCE = 10  # seconds without a byte, after which a server is given up
START, RATE = 60, 50_000  # a file may take so many seconds, and one more for each so many bytes
MAX_BYTES = 2_000_000_000  # of a file whose publisher states no size
BLOCK = 1 << 16


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to a file of this machine or to another protocol."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https"):
            raise OSError(f"it redirects to {newurl[:60]!a}, which is no address of the web")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str, file: Path, size: int | None, seconds: float | None = None) -> None:
    """Write what is at ``url`` to ``file``.

    Args:
        size: bytes that it must have; None: not known.
        seconds: that all of it may take, whatever the server does; by default, by the size.

    Raises:
        OSError: no such place, silence, more time or bytes than it may take, or too few of them.
        http.client.HTTPException: an answer that is no HTTP.
    """
    seconds = seconds or START + (MAX_BYTES if size is None else size) / RATE
    over = threading.Event()
    errors: list[Exception] = []

    def work() -> None:
        try:
            _fetch(url, file, size, over)
        except Exception as error:  # is raised where it is waited for
            errors.append(error)

    # In a thread, since a server that drips its header a byte at a time is never silent, and reads on and on.
    thread = threading.Thread(target=work, name="download", daemon=True)
    began = time.monotonic()
    thread.start()
    thread.join(seconds)
    over.set()
    if thread.is_alive():
        raise TimeoutError(f"not done after {time.monotonic() - began:.0f} seconds")
    if errors:
        raise errors[0]


def _fetch(url: str, file: Path, size: int | None, over: threading.Event) -> None:
    # Not gzip'd on the way: a small answer could become any number of bytes, and the hash is of the file as it is.
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "paddle-camp"})
    most, got = MAX_BYTES if size is None else size, 0
    opener = urllib.request.build_opener(_OnlyHttp)
    with opener.open(request, timeout=SILENCE) as answer, file.open("wb") as stream:
        while not over.is_set() and (block := answer.read1(BLOCK)):
            got += len(block)
            if got > most:
                raise OSError(f"more than the {most:,} bytes that it has")
            stream.write(block)
    if size is not None and got != size:
        raise OSError(f"{got:,} bytes where {size:,} belong")
