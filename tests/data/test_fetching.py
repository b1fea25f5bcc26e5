"""Downloads from servers that drip, never end, stall, redirect elsewhere, or answer a page."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import time

import pytest

from paddle_camp.data.finding import downloads, fetching
from paddle_camp.data.finding.datasets import Remote

CONTENT = b"the rows"


class Server(http.server.BaseHTTPRequestHandler):
    """Each path is a way to behave."""

    def do_GET(self):
        with contextlib.suppress(OSError):
            getattr(self, self.path.strip("/"))()

    def log_message(self, *arguments):
        pass

    def answer(self, content, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def right(self):
        assert self.headers["Accept-Encoding"] == "identity"
        self.answer(CONTENT)

    def page(self):
        self.answer(b"<p>hi</p")  # as long as the right one

    def short(self):
        self.answer(CONTENT[:3])

    def elsewhere(self):
        self.answer(b"", 302, Location="file:///etc/hostname")

    def ftp(self):
        self.answer(b"", 302, Location="ftp://127.0.0.1/set.data")

    def circle(self):
        self.answer(b"", 302, Location="/circle")

    def endless(self):
        self.answer(b"")
        for _ in range(100_000):
            self.wfile.write(bytes(1 << 16))

    def stalls(self):
        self.answer(CONTENT[:3])
        self.server.done.wait(20)

    def drips(self):
        self.answer(b"")
        while not self.server.done.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def header(self):
        while not self.server.done.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()


@pytest.fixture
def address(monkeypatch):
    monkeypatch.delenv("PADDLE_CAMP_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetching, "SILENCE", 1)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads, server.done = True, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.done.set()
    server.shutdown()


@pytest.mark.parametrize(
    ("way", "size", "says"),
    [
        ("short", 8, "3 bytes where 8 belong"),
        ("elsewhere", 8, "is not allowed"),
        ("ftp", 8, "no address of the web"),
        ("circle", 8, "infinite loop"),
        ("endless", 8, "more than the 8 bytes"),
        ("stalls", 8, "timed out"),
        ("drips", 1_000_000, "not done after 2 seconds"),
        ("header", 8, "not done after 2 seconds"),
    ],
)
def test_a_bad_server_ends_soon(address, tmp_path, way, size, says):
    began = time.monotonic()
    with pytest.raises(OSError, match=says):
        fetching.fetch(f"{address}/{way}", tmp_path / "file", size, seconds=2 if says.startswith("not") else 30)
    assert time.monotonic() - began < 15


def remote(*urls: str) -> Remote:
    return Remote("set.data", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), urls)


def test_a_page_is_not_the_file_and_the_next_mirror_is_tried(address, tmp_path, capsys):
    assert downloads.download(remote(f"{address}/page", f"{address}/right"), tmp_path)
    assert "not the right file, by its SHA256" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["set.data"]
    assert (tmp_path / "set.data").read_bytes() == CONTENT


def test_a_failure_is_remembered_for_a_while(address, tmp_path, capsys, monkeypatch):
    assert not downloads.download(remote(f"{address}/page"), tmp_path)
    assert not downloads.download(remote(f"{address}/right"), tmp_path)
    assert "could not be downloaded a short while ago; remove" in capsys.readouterr().err
    monkeypatch.setattr(downloads, "REMEMBERED", 0)
    assert downloads.download(remote(f"{address}/right"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["set.data"]
