"""Packages of data as an installation leaves them, and the real one where it is installed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from paddle_camp.pretrained.published import PUBLISHED, Packaged

LITE: Packaged = PUBLISHED["efficientnet_lite0"].source


def installed() -> bool:
    """Whether the extra [pretrained] is."""
    try:
        return bool(metadata.version(LITE.distribution))
    except metadata.PackageNotFoundError:
        return False


needs_lite = pytest.mark.skipif(not installed(), reason="the extra [pretrained] is not installed")


def install(content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package of the real one's name with this file, known as the right one; its code must not run."""
    file = folder / LITE.file
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    (folder / LITE.file.split("/")[0] / "__init__.py").write_text("raise SystemExit('the code of the package has run')")
    information = folder / f"{LITE.distribution.replace('-', '_')}-{LITE.version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Name: {LITE.distribution}\nVersion: {LITE.version}\n")
    monkeypatch.syspath_prepend(str(folder))
    known = replace(LITE, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    published = replace(PUBLISHED["efficientnet_lite0"], source=known)
    monkeypatch.setitem(PUBLISHED, "efficientnet_lite0", published)
    return file
