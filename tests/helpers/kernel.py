"""A real Jupyter kernel for tests, which runs cells and gives back what a notebook would show under each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Shown:
    """The output of a cell: displays by their ID or number, as last updated, and what was printed.

    Attributes:
        displays: each a dict of MIME type to content.
        updates: how often a display was replaced.
        error: the traceback as shown, if the cell failed.
    """

    displays: dict[str, dict[str, str]] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=lambda: {"stdout": "", "stderr": ""})
    updates: int = 0
    error: str | None = None

    def take(self, message: dict) -> None:
        """Apply one message of the kernel."""
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self.streams[content["name"]] += content["text"]
        elif kind == "error":
            self.error = "\n".join(content["traceback"])
        elif kind in ("display_data", "execute_result", "update_display_data"):
            key = content.get("transient", {}).get("display_id", str(len(self.displays)))
            assert kind != "update_display_data" or key in self.displays
            self.updates += kind == "update_display_data"
            self.displays[key] = content["data"]

    def of(self, kind: str) -> list[str]:
        """The contents of one MIME type."""
        return [each[kind] for each in self.displays.values() if kind in each]


@dataclass
class Kernel:
    """A running kernel."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, code: str, on_output: Callable[[Shown], None] = lambda shown: None, timeout: float = 120) -> Shown:
        """Run a cell; ``on_output`` is called after each message."""
        shown = Shown()

        def take(message: dict) -> None:
            shown.take(message)
            on_output(shown)

        self.client.execute_interactive(code, output_hook=take, timeout=timeout, allow_stdin=False)
        return shown

    def run_all(self, cells: Sequence[str]) -> list[Shown]:
        """Run cells that must not fail."""
        results = []
        for code in cells:
            results.append(self.run(code))
            assert results[-1].error is None, f"{code}\n{results[-1].error}"
        return results

    def interrupt(self) -> None:
        """What the stop button does."""
        self.manager.interrupt_kernel()


@contextlib.contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that works in ``folder``, on a bare machine: no data, no downloads, nothing of the user's settings."""
    own = folder / ".jupyter"
    own.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(own / name.lower()))
        patch.setenv("PADDLE_CAMP_OFFLINE", "1")
        patch.setenv("PYTHONPATH", str(ROOT))
        hidden = ("PADDLE_CAMP_DATA", "MPLBACKEND", "PYTEST_CURRENT_TEST")  # under the last, ipykernel captures less
        env = {name: value for name, value in os.environ.items() if name not in hidden}
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=env)
        try:
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
