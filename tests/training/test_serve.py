"""
The local server speaks OpenAI's completions and answers as the generator does.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from idiolect.training.generation import load_model
from idiolect.training.prompts import ask_for
from idiolect.training.serve import make_server
from idiolect.training.train import train_adapter

from .test_train import RECIPE


@pytest.fixture(scope="module")
def served(tiny_base, tiny_corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "adapter"
    train_adapter(tiny_corpus, out, base=tiny_base, recipe=replace(RECIPE, steps=10))
    generator, _ = load_model(tiny_base, out)
    server = make_server(generator, "adapter", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", generator
    server.shutdown()


def post(address, body):
    request = Request(f"{address}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urlopen(request, timeout=60))


@pytest.mark.parametrize("model", ["adapter", "base"])
def test_a_completion_is_the_generators_answer(served, model):
    """The served text is what the generator writes, with the adapter on or off."""
    address, generator = served
    body = post(address, {"model": model, "prompt": "def total(values):", "max_tokens": 12})
    request = ask_for("def total(values):", None)
    ((_, answer),) = generator.generate([request], adapted=model == "adapter", max_tokens=[12])

    assert body["choices"][0]["text"] == answer.text
    assert body["usage"]["completion_tokens"] == answer.output_tokens


@pytest.mark.parametrize(
    "body", [{"prompt": 3}, {"prompt": "x", "model": "gpt"}, {"prompt": "x", "stream": True}, {"prompt": "x", "n": 2}]
)
def test_a_bad_request_is_refused(served, body):
    """What cannot be served is answered with status 400 and a reason."""
    with pytest.raises(HTTPError) as caught:
        post(served[0], body)

    assert caught.value.code == 400
    assert "message" in json.load(caught.value)["error"]
