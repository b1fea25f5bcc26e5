"""What several tests of the readers start from."""

from pathlib import Path

import pytest

from tests.helpers.class_folders import write_picture


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Six pictures of three classes, in five formats."""
    root = tmp_path / "pets"
    for seed, name in enumerate(
        ("cats/2.png", "cats/10.bmp", "dogs/a.webp", "dogs/b.tiff", "dogs/c.jpg", "ants/x.PNG")
    ):
        write_picture(root / name, seed)
    return root
