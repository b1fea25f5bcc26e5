"""paddle-camp try: its command line, with gradio and without."""

from __future__ import annotations

import importlib.util

import pytest

import homework
from paddle_camp.commands import main, try_page
from tests.helpers import tried_models as made


@pytest.fixture
def without_gradio(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "gradio" else found(name))


def test_without_the_extra_one_line_says_what_to_install(without_gradio, tmp_path, capsys):
    assert main.main(homework.CATALOGUE, ["try", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "error: the page needs gradio; type: pip install -e .[try]\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--port", "70000"], "--port 70000: 0 to 65535"),
        (["--model", "two_conv_net"], "--model and --classes go together"),
    ],
)
def test_a_wrong_command_line(options, says, capsys):
    with pytest.raises(SystemExit) as caught:
        try_page.main(["run", *options])
    assert caught.value.code == 2 and says in capsys.readouterr().err


def test_a_run_without_a_model_to_try_is_one_line(tmp_path, capsys):
    pytest.importorskip("gradio", reason="the page needs the extra [try]: gradio is not installed")
    gan = tmp_path / "gan"
    gan.mkdir()
    (gan / "metrics.json").write_text('{"homework": "gan", "status": "done"}', encoding="utf-8")
    for place, says in ((tmp_path, "is no run folder"), (gan, "publishes no network to predict with")):
        assert try_page.main([str(place), "--device", "cpu"]) == 2
        said = capsys.readouterr()
        assert not said.out and len(said.err.splitlines()) == 1 and says in said.err
    other = made.published(
        tmp_path / "other", made.camp.SavedModel("two_conv_net", None), made.camp.create_model("two_conv_net")
    )
    assert try_page.main([str(other), "--device", "cpu"]) == 2
    assert "takes something else than pictures, messages or rows" in capsys.readouterr().err


def test_the_page_is_served_until_ctrl_c(tmp_path, capsys, monkeypatch):
    pytest.importorskip("gradio", reason="the page needs the extra [try]: gradio is not installed")
    import httpx

    seen = []

    def ask_and_interrupt():
        address = capsys.readouterr().out.splitlines()[1].split()[0]
        seen.append((address, httpx.get(address).text))
        raise KeyboardInterrupt

    weights = made.flowers(tmp_path / "run")
    monkeypatch.setenv("GRADIO_SHARE", "True")  # of the environment nothing makes it public
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setattr(try_page, "wait", ask_and_interrupt)
    assert try_page.main([str(weights), "--device", "cpu", "--port", "0"]) == 0
    ((address, text),) = seen
    assert address.startswith("http://127.0.0.1:") and "gradio" in text
