"""What a notebook is recognised by, and the HTML it is given; a real kernel is in test_notebook_kernel.py."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from paddle_camp import notebook


def test_a_kernel_is_a_notebook_and_nothing_else_is(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not notebook.in_notebook() and "IPython" not in sys.modules
    for shell, expected in (
        (None, False),  # IPython is imported by a script
        (SimpleNamespace(), False),  # IPython in a terminal
        (SimpleNamespace(kernel=None), False),
        (SimpleNamespace(kernel=object()), True),
    ):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert notebook.in_notebook() is expected


@pytest.mark.parametrize(
    ("backend", "kept"),
    [
        ("module://no_such_package.backend_inline", False),
        ("module://json.decoder", True),
        ("svg", True),
        ("module://", True),  # Matplotlib says what is wrong with it
    ],
)
def test_a_backend_that_is_not_there_is_forgotten_and_no_other(monkeypatch, backend, kept):
    monkeypatch.setenv("MPLBACKEND", backend)
    notebook.drop_foreign_backend()
    assert (os.environ.get("MPLBACKEND") == backend) is kept


def test_importing_the_package_is_enough_to_draw_below_a_notebook_of_another_environment():
    """``!python tools/...`` in a cell inherits the kernel's MPLBACKEND; this Python has no matplotlib_inline."""
    code = (
        "import sys; sys.modules['matplotlib_inline'] = None; import os, paddle_camp; print('MPLBACKEND' in os.environ)"
    )
    env = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_texts_are_escaped():
    assert notebook.table_html(["<b>", "n"], [["a & b", 3]]) == (
        "<table><tr><th>&lt;b&gt;</th><th>n</th></tr><tr><td>a &amp; b</td><td>3</td></tr></table>"
    )
    assert notebook.png_html(b"\x89PNG", 'a "curve"') == (
        '<img alt="a &quot;curve&quot;" src="data:image/png;base64,iVBORw==">'
    )
