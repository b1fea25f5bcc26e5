"""Try the model of a run in the browser; needs the extra ``[try]``. See docs/running.md."""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
import threading
from pathlib import Path

from paddle_camp.commands.parsing import add_common_options, add_model_options, parse_with_model
from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded, report
from paddle_camp.errors import CampError
from paddle_camp.running.printing import printable

HOST, PORT = "127.0.0.1", 7860  # this machine alone


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        program,
        description="Try the model of a run on a page in the browser; Ctrl-C ends it.",
        epilog="exit status: 0 ended by Ctrl-C, 1 failed, 2 the run or the command line is wrong",
    )
    add = parser.add_argument
    add("source", metavar="RUN_OR_WEIGHTS", help="a run such as runs/5-1/latest: its best weights; or a weights file")
    add("--host", default=HOST, help=f"the address to listen at; default: {HOST}, which other machines do not reach")
    add("--port", type=int, default=PORT, metavar="N", help=f"default: {PORT}; 0: any that is free")
    add_model_options(parser)
    add_common_options(parser)
    return parser


def main(arguments: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parser = build_parser(program)
    parsed = parse_with_model(parser, arguments)
    if not 0 <= parsed.port <= 65535:
        parser.error(f"--port {parsed.port}: 0 to 65535")
    return guarded(lambda: serve(parsed), parsed.debug)


def serve(parsed: argparse.Namespace) -> int:
    """Show the page until Ctrl-C; what is dropped on it is kept in a folder that goes with it."""
    require_gradio()
    from paddle_camp import runtime
    from paddle_camp.models import import_networks
    from paddle_camp.predicting.trying import Trial

    runtime.choose_device(parsed.device)
    import_networks(parsed.imports)
    trial = Trial.load(Path(parsed.source), parsed.model, parsed.classes)
    with tempfile.TemporaryDirectory(prefix="paddle-camp-try-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}
        from paddle_camp.predicting.try_page import build_page, open_page

        page = build_page(trial, lambda error: report(error, parsed.debug))
        address = open_page(page, parsed.host, parsed.port)
        try:
            print(printable(f"{trial.saved.model}: {', '.join(map(str, trial.files))}"), flush=True)
            print(f"{address} (Ctrl-C ends it)", flush=True)
            with runtime.ended_as_by_ctrl_c():  # so that the folder goes
                wait()
        except KeyboardInterrupt:
            return 0
        finally:
            page.close()
    return 0


def wait() -> None:
    """Until Ctrl-C; a thread serves the page."""
    threading.Event().wait()


def require_gradio() -> None:
    """Check that gradio is there, before anything is loaded.

    Raises:
        CampError: it is not installed.
    """
    if importlib.util.find_spec("gradio") is None:
        raise CampError("the page needs gradio; type: pip install -e .[try]")
