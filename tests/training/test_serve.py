"""
The local server speaks OpenAI's completions and answers as the generator does.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace
from functools import partial
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from idiolect.cli import main
from idiolect.commands._conform import House, complete_conforming
from idiolect.evaluation.extract import repeats_itself
from idiolect.mining.pairs.pair import HOLE
from idiolect.training import completions
from idiolect.training.completions import Answer
from idiolect.training.families import PLAIN, Family
from idiolect.training.generation import Generation, load_model
from idiolect.training.pieces import Pieces
from idiolect.training.prompts import Prompt, ask_for
from idiolect.training.serve import Handler, Server, name_model


@pytest.fixture(scope="module")
def served(tiny_base, adapter):
    """Return the address of a server, the generator that it asks, and their adapter."""
    generator, _ = load_model(tiny_base, adapter)
    server = Server(partial(completions.complete, generator), "adapter", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", generator, adapter
    server.shutdown()


def post(address, body):
    request = Request(f"{address}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urlopen(request, timeout=60))


@pytest.mark.parametrize("end", ["", "\n", "\n    "])
@pytest.mark.parametrize("model", ["adapter", "base"])
def test_a_completion_goes_on_where_its_prompt_ends_with_the_generators_answer(served, model, end):
    """Put behind its prompt it is what the generator writes for the line, with the adapter on or off."""
    address, generator, _ = served
    body = post(address, {"model": model, "prompt": f"def total(values):{end}", "max_tokens": 12})
    asked = Prompt(PLAIN, "example.py", "python", "", f"def total(values):{end}")
    ((_, answer),) = generator.generate([asked], adapted=model == "adapter", max_tokens=[12])

    assert body["choices"][0]["text"] == answer.text
    assert body["usage"]["completion_tokens"] == answer.output_tokens


@pytest.mark.parametrize("end", ["", "\n", "\n    ", "\n    retu"])
def test_no_line_end_is_lost_or_doubled_between_prompt_and_answer(served, monkeypatch, end):
    """An editor puts the answer where the cursor is: behind the colon, on the line below, behind what stands there."""
    address, generator, _ = served
    family = generator.family
    whole = "def total(values):\n    return result\n"

    def write(model, rows, *_):
        for row in rows:
            for token in family.encode(whole)[len(row.prompt) - len(family.file_ids("example.py")) :]:
                row.take(family, token)

    monkeypatch.setattr("idiolect.training.generation.decode", write)
    text = post(address, {"prompt": f"def total(values):{end}"})["choices"][0]["text"]

    assert whole == f"def total(values):{end}{text}"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("more", [{}, {"suffix": "\n    return found\n"}])
def test_lines_end_as_those_of_the_prompt(client, more, stream):
    """A model learns plain line ends, so it is asked with those, and the answer is told with those of the prompt."""
    asked = {
        "prompt": "class Graph:\n    def total(values):\n",
        "max_tokens": 24,
        "temperature": 1.0,
        "seed": 3,
        **more,
    }
    windows = {key: value.replace("\n", "\r\n") if isinstance(value, str) else value for key, value in asked.items()}
    # a model as small as this one writes returns of its own, too
    plain = client.completions.create(model="adapter", **asked).choices[0].text.replace("\r", "")
    first = plain.index("\n", 1) if "\n" in plain[1:] else len(plain)

    for stop in (None, "\r\n" + plain[first + 1 :][:2]):
        answer = client.completions.create(model="adapter", **windows, stop=stop, stream=stream)
        text = "".join(part.choices[0].text for part in answer) if stream else answer.choices[0].text
        assert (plain if stop is None else plain[:first]).replace("\n", "\r\n") == text


def test_an_answer_that_goes_round_in_circles_ends(served, monkeypatch):
    """Nobody waits for the same again and again; it was not ended, and the client knows no third word."""
    _, generator, _ = served
    monkeypatch.setattr(Family, "answer_text", lambda family, ids, kind: "def total(" + "1, 2, 3, " * len(ids))
    ask = completions.read_ask({"prompt": "é", "max_tokens": 256}, "adapter")

    answer = completions.complete(generator, ask, lambda text: False, repeats_itself)

    assert answer.output_tokens < 40
    assert "length" == answer.finish_reason


def test_an_adapter_never_goes_by_the_name_of_its_base(tmp_path):
    """Asked for by the name of a folder called `base` it would be switched off."""
    assert ["adapter", "mine"] == [name_model(tmp_path / folder) for folder in ("base", "mine")]


def test_a_port_that_is_taken_is_told_before_a_model_is_loaded(served, monkeypatch, capsys):
    """Nobody waits for a model that no one will hear of; what takes long is told while it lasts."""
    _, generator, out = served
    loads = []

    def load(*asked):
        loads.append(asked)
        return generator, None

    monkeypatch.setattr("idiolect.training.generation.load_model", load)
    monkeypatch.setattr(Server, "serve_forever", lambda server: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        assert main(["serve", str(out), "--port", port]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"idiolect: Port {port} cannot be used: ") and not loads

    assert main(["serve", str(out), "--port", "0"]) == 0
    assert len(loads) == 1 and "load" in capsys.readouterr().err


@pytest.fixture(name="client", scope="module")
def _client(served):
    """Return the client that editors and agents bring, without a key of any worth."""
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=f"{served[0]}/v1", api_key="none", max_retries=0)


def test_openais_own_client_is_answered(served, client):
    """It lists the models, finds one of them by its name, and completes as the generator does."""
    names = [model.id for model in client.models.list() if model.created <= time.time()]
    answer = client.completions.create(model="adapter", prompt="def total(values):", max_tokens=12)
    asked = replace(ask_for("def total(values):", None), kind=PLAIN)
    ((_, written),) = served[1].generate([asked], adapted=True, max_tokens=[12])

    assert ["adapter", "base"] == names == [client.models.retrieve(name).id for name in names]
    assert (written.text, written.finish_reason) == (answer.choices[0].text, answer.choices[0].finish_reason)


def test_what_a_client_leaves_open_may_be_null(served):
    """Clients that send every field send null for the ones that their user did not set."""
    unset = dict.fromkeys(("max_tokens", "temperature", "seed", "suffix", "stream", "n", "model", "path"))
    asked = {"prompt": "def total(values):"}
    left_open, absent = (post(served[0], body)["choices"] for body in ({**asked, **unset}, asked))

    assert left_open == absent


def test_a_client_that_asks_for_more_than_is_written_gets_what_there_is(served, monkeypatch):
    """A limit is an upper bound, and clients send thousands."""
    monkeypatch.setattr(completions, "MOST_TOKENS", 12)
    asked = {"prompt": "def total(values):"}

    answer = post(served[0], {**asked, "max_tokens": 4096})

    assert answer["usage"]["completion_tokens"] <= 12
    assert answer["choices"] == post(served[0], {**asked, "max_tokens": 12})["choices"]


def test_an_answer_ends_before_the_first_of_its_stops(served):
    """What would come after is not written either; texts that do not come change nothing."""
    asked = {"prompt": "def total(values):", "max_tokens": 24, "temperature": 1.0, "seed": 3}
    whole = post(served[0], asked)
    text = whole["choices"][0]["text"]
    one, other = text[len(text) // 3], text[len(text) // 2]
    ended = post(served[0], {**asked, "stop": [other, one, "\x00never"]})
    untouched = post(served[0], {**asked, "stop": "\x00never"})

    assert ended["choices"][0]["text"] == text[: min(text.index(one), text.index(other))]
    assert ended["choices"][0]["finish_reason"] == "stop"
    assert ended["usage"]["completion_tokens"] <= whole["usage"]["completion_tokens"]
    assert untouched["choices"] == whole["choices"]


@pytest.mark.parametrize("stop", [None, ["\x00never"], "the middle"])
def test_a_streamed_answer_is_the_answer_piece_by_piece(client, stop):
    """Put together its pieces are what is answered without streaming, and only the last says why it ends."""
    asked = {"model": "adapter", "prompt": "def total(values):", "max_tokens": 24, "temperature": 1.0, "seed": 3}
    if stop == "the middle":
        text = client.completions.create(**asked).choices[0].text
        stop = text[len(text) // 2 :][:3]
    whole = client.completions.create(**asked, stop=stop)
    *parts, last = client.completions.create(**asked, stop=stop, stream=True)

    assert len(parts) >= 4
    assert all(part.choices[0].text and part.choices[0].finish_reason is None for part in parts)
    assert whole.choices[0].text == "".join(part.choices[0].text for part in (*parts, last))
    assert whole.choices[0].finish_reason == last.choices[0].finish_reason
    assert {last.id} == {part.id for part in parts}


def test_a_stream_counts_its_tokens_where_that_is_asked(client):
    """They come last, in an event without an answer."""
    asked = {"model": "base", "prompt": "def total(values):", "max_tokens": 8}
    whole = client.completions.create(**asked)
    *parts, last = client.completions.create(**asked, stream=True, stream_options={"include_usage": True})

    assert last.choices == []
    assert whole.usage == last.usage
    assert [None] * len(parts) == [part.usage for part in parts]


@pytest.mark.parametrize(
    ("stops", "texts", "pieces"),
    [
        ((), ["a", "a\ufffd", "aé", "aé\ufffd"], ["a", "", "é", ""]),
        (("END",), ["xE", "xEN", "xENter", "xENterEND", "xENterENDx"], ["x", "", "ENter", "", ""]),
        (("bc", "abcd"), ["a", "ab", "abx"], ["", "", "abx"]),
        (("aab",), ["aa", "aaa", "aaab"], ["", "a", ""]),
    ],
)
def test_what_may_still_be_taken_back_is_held_back(stops, texts, pieces):
    """Half of a character, and what may become a stop, wait until more is known."""
    growing = Pieces(stops)

    assert pieces == [growing.take(text) for text in texts]


def test_a_suffix_fills_in_the_middle(served, client):
    """Text before and after make an `infill` request, as it was trained."""
    before, after = "def total(values):\n", "\n    return found\n"
    answer = client.completions.create(model="adapter", prompt=before, suffix=after, max_tokens=12)
    request = Prompt("infill", "example.py", "python", "", f"{before}{HOLE}{after}")
    ((_, written),) = served[1].generate([request], adapted=True, max_tokens=[12])

    assert written.text == answer.choices[0].text
    assert written.prompt_tokens == answer.usage.prompt_tokens


@pytest.fixture(name="conforming", scope="module")
def _conforming(served):
    """Return the address of a server whose answers are the best of three, and what is written for it."""
    server = Server(partial(complete_conforming, served[1], House(None, 3)), "adapter", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize(
    ("more", "end"),
    [({}, ""), ({"suffix": "\n    return found\n"}, "\n    return found\n"), ({"temperature": 0.9, "seed": 4}, "")],
)
def test_a_conforming_answer_is_code_in_its_place(conforming, more, end):
    """A model that knows nothing writes what parses, and what is still wrong is said beside it."""
    asked = {"prompt": "def total(values):\n", "max_tokens": 12, **more}
    (choice,) = (answer := post(conforming, asked))["choices"]
    whole = asked["prompt"] + ("" if end else "\n") + choice["text"] + end

    assert bool(choice["faults"]) != bool(choice["text"].strip() and compiles(whole))
    assert answer["usage"]["completion_tokens"] >= 1
    assert post(conforming, asked)["choices"] == [choice]


def compiles(text):
    """Claim that *text* is a program."""
    try:
        return bool(compile(text, "t.py", "exec"))
    except SyntaxError:
        return False


def test_a_conforming_answer_is_streamed_when_it_is_known(conforming):
    """Which candidate is the answer is known in the end: its text comes at once, cut at the first of its stops."""
    asked = {"prompt": "def total(values):\n", "max_tokens": 12, "stop": "e"}
    whole = post(conforming, asked)["choices"][0]
    request = Request(f"{conforming}/v1/completions", json.dumps({**asked, "stream": True}).encode())
    lines = [line for line in urlopen(request, timeout=60).read().decode().splitlines() if line]
    (event, done) = (line.removeprefix("data: ") for line in lines)

    assert json.loads(event)["choices"] == [whole]
    assert done == "[DONE]"
    assert "e" not in whole["text"]


@pytest.mark.parametrize("likeliest", ["    x = yield\n    await x", "    return (values"])
def test_of_several_the_one_without_faults_is_served(served, monkeypatch, likeliest):
    """A likeliest that does not compile, or broke off at once, is followed by others, and all tokens are counted."""
    texts = [likeliest, "    return )", "    return values", "    return"]
    written = [Generation(text, "stop", 5, 3, 0.1, None) for text in texts]

    def write(_, requests, **asked):
        return enumerate(written[:1] if len(requests) == 1 else written[1:])

    monkeypatch.setattr(type(served[1]), "generate", write)
    ask = completions.read_ask({"prompt": "def total(values):", "max_tokens": 12}, "adapter")

    answer = complete_conforming(served[1], House(None, 4), ask, lambda _: False)

    assert ("    return values", "stop", 5, 12, ()) == (
        answer.text, answer.finish_reason, answer.prompt_tokens, answer.output_tokens, answer.faults
    )  # fmt: skip


def test_the_clients_errors_say_why(client):
    """What is refused arrives as the client's own exception, with our reason."""
    import openai

    for ask in (client.models.retrieve, lambda model: client.completions.create(model=model, prompt="x")):
        with pytest.raises(openai.NotFoundError, match="no-such-model") as caught:
            ask("no-such-model")
        assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="marks the hole"):
        client.completions.create(model="base", prompt=HOLE, suffix="x")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="base", messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        *(({"Host": host}, 200) for host in ("127.0.0.1", "localhost:8321", "LOCALHOST", "[::1]:1")),
        ({"Origin": "http://localhost:3000"}, 200),
        *(({"Host": host}, 403) for host in ("evil.example:8321", "127.0.0.1.evil.example", "localhost:80.evil", "")),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/completions"])
def test_a_web_page_is_not_answered(served, headers, code, path):
    """A name that was made to lead to this machine reads no answer, and another site's page asks for none."""
    body = None if path.endswith("models") else b'{"prompt": "x", "max_tokens": 1}'
    try:
        with urlopen(Request(served[0] + path, body, headers), timeout=60) as answer:
            found = answer.status
    except HTTPError as error:
        found = error.code
        said = json.loads(error.read())["error"]["message"]
        assert ("Asked by a page of another site" in said) == ("Origin" in headers)

    assert code == found


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": 3},
        {"prompt": ["x", "y"]},
        {"prompt": "x", "suffix": 3},
        {"prompt": "x", "path": 3},
        *({"prompt": "x", "path": path} for path in ("notes.unheard", "Makefile2", "")),
        *({"prompt": "x", name: True} for name in ("seed", "temperature")),
        *({"prompt": "x", **more} for more in ({"stream": "yes"}, {"n": 2}, {"echo": True})),
        {"prompt": "x" * 5_000_000},
        {"prompt": "x", "stop": ["a", ""]},
        {"prompt": "x", "max_tokens": 0},
        *({"prompt": "x", name: True} for name in ("max_tokens", "temperature", "seed")),
    ],
)
def test_a_bad_request_is_refused(served, body):
    """What cannot be served, be it for its length, is answered with status 400 and a reason."""
    with pytest.raises(HTTPError) as caught:
        post(served[0], body)

    assert caught.value.code == 400
    assert "message" in json.load(caught.value)["error"]


@pytest.mark.parametrize(
    ("option", "nothing", "something"),
    [
        ("n", 1, 2), ("best_of", 1, 3), ("top_p", 1, 0.5), ("echo", False, True), ("logit_bias", {}, {"50": 1}),
        ("presence_penalty", 0, 0.5), ("frequency_penalty", 0, -1), ("logprobs", None, 0), ("top_k", None, 40),
    ],
)  # fmt: skip
def test_no_option_is_passed_over(served, option, nothing, something):
    """What would change the answer, and is not done, is refused by its name; what asks for nothing is answered."""
    asked = {"prompt": ["def total(values):"], "max_tokens": 4, "user": "me"}

    assert post(served[0], {**asked, option: nothing})["choices"] == post(served[0], asked)["choices"]
    with pytest.raises(HTTPError) as caught:
        post(served[0], {**asked, option: something})
    assert (400, f"'{option}'") == (caught.value.code, json.load(caught.value)["error"]["message"].split()[0])


def test_a_chat_is_told_what_to_send_instead(served):
    """To leave `messages` out, as another option, would only lead to the next refusal."""
    with pytest.raises(HTTPError) as caught:
        post(served[0], {"messages": [{"role": "user", "content": "hi"}]})

    assert "send the text to go on from as 'prompt'" in json.load(caught.value)["error"]["message"]


def test_the_likeliest_token_is_the_likeliest_of_few(served):
    """At a temperature of 0 `top_p` asks for nothing, and some clients always send it."""
    asked = {"prompt": "def total(values):", "max_tokens": 4, "temperature": 0}

    assert post(served[0], {**asked, "top_p": 0.5})["choices"] == post(served[0], asked)["choices"]


@pytest.mark.parametrize(
    ("method", "path", "code", "allowed"),
    [
        ("GET", "/v1/models?limit=3", 200, None),
        ("GET", "/v1/models/base?limit=3", 200, None),
        ("GET", "/v1/models/", 404, None),
        ("GET", "/v1/completions", 405, "POST"),
        ("GET", "/v2", 404, None),
        ("POST", "/v1/chat/completions", 404, None),
        ("PUT", "/v1/completions", 405, "POST"),
        ("POST", "/v1/models?limit=3", 405, "GET"),
        ("DELETE", "/v1/models/base", 405, "GET"),
    ],
)
def test_an_address_that_is_not_here_is_told_what_is(served, method, path, code, allowed):
    """What stands behind a question mark changes no address; a long body is heard out before it is refused."""
    body = None if method == "GET" else b"x" * 5_000_000
    try:
        with urlopen(Request(served[0] + path, body, method=method), timeout=60) as answer:
            found, headers, said = 200, answer.headers, answer.read()
    except HTTPError as error:
        found, headers, said = error.code, error.headers, error.read()

    assert (code, allowed) == (found, headers["Allow"])
    assert (b"POST /v1/completions" in said) == (code != 200)
    assert json.loads(said)


@pytest.mark.parametrize(
    "data",
    [
        b'{"prompt": "\\ud83d x"}',
        b'{"prompt": "x", "suffix": "\\ude00"}',
        b'{"prompt": "x", "path": "\\ud800.py"}',
        b"[" * 100_000,
    ],
)
def test_half_a_character_and_endless_nesting_are_answered(served, data):
    """Editors that count in UTF-16 cut a character in two: the connection is not dropped without a word."""
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(f"{served[0]}/v1/completions", data), timeout=60)

    assert caught.value.code == 400
    assert "message" in json.load(caught.value)["error"]


@pytest.mark.parametrize(("length", "more"), [("\xb2", b""), ("9" * 5000, b""), ("50", b"{"), ("13", b'{"prompt": 1}')])
def test_a_client_that_breaks_off_keeps_nobody_waiting(served, length, more, monkeypatch, capsys):
    """A length that is no number, a body that never comes, a refused body: no thread waits, and nothing is printed."""
    monkeypatch.setattr(Handler, "timeout", 0.2)
    server = Server(partial(completions.complete, served[1]), "adapter", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    with socket.create_connection(server.server_address) as client:
        client.sendall(f"POST /v1/completions HTTP/1.0\r\nContent-Length: {length}\r\n\r\n".encode("latin-1") + more)
        answer = client.makefile("rb").read()
    server.shutdown()
    server.server_close()

    assert answer.startswith(b"HTTP/1.0 400") or length == "50"
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("stream", [b"false", b"true"])
@pytest.mark.parametrize("ends", ["the client goes away", "the server is closed"])
def test_an_answer_that_nobody_waits_for_is_not_written_on(served, monkeypatch, ends, stream):
    """Whoever comes next does not wait for it, nor does the process end while it is computed."""
    begun, given_up, plainly = threading.Event(), threading.Event(), type(served[1]).generate

    def write_on(self, requests, *, is_over, max_tokens, **asked):
        begun.set()
        for _ in range(3000):
            if is_over[0](""):
                given_up.set()
                break
            time.sleep(0.01)
        yield from plainly(self, requests, max_tokens=[1], **asked)

    monkeypatch.setattr(type(served[1]), "generate", write_on)
    server = Server(partial(completions.complete, served[1]), "adapter", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    body = b'{"prompt": "def total(values):", "stream": %b}' % stream
    with socket.create_connection(server.server_address) as client:
        client.sendall(b"POST /v1/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert begun.wait(30)
        assert not given_up.is_set()
        if ends == "the client goes away":
            client.close()
            assert given_up.wait(30)
        server.shutdown()
        server.server_close()

    assert given_up.is_set()


@pytest.mark.parametrize("streams", [(b"false", b"true"), (b"true", b"false")])
def test_an_ended_server_says_so_and_leaves_no_thread(streams):
    """Half an answer does not pass for a whole one, and no connection outlives the server, not even a silent one."""
    begun = threading.Event()

    def write_on(ask, is_over):
        begun.set()
        while not is_over("return"):
            time.sleep(0.01)
        return Answer("return", "over", 1, 1)

    server = Server(write_on, "adapter", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    answers = []
    for stream in streams:
        body = b'{"prompt": "def total(values):", "stream": %b}' % stream
        client = socket.create_connection(server.server_address)
        client.sendall(b"POST /v1/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        answers.append(client)
        assert begun.wait(30)
    silent = socket.create_connection(server.server_address)
    while len(server.open) < 3:
        time.sleep(0.01)
    server.shutdown()
    server.server_close()
    left = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
    running, waiting = (client.makefile("rb").read() for client in answers)
    for client in (*answers, silent):
        client.close()

    assert not left
    assert running.startswith(b"HTTP/1.0 200" if streams[0] == b"true" else b"HTTP/1.0 503")
    assert waiting.startswith(b"HTTP/1.0 503")
    assert all(b"was ended before" in answer and b"[DONE]" not in answer for answer in (running, waiting))


def test_a_client_that_hangs_up_is_no_fault(served, capsys):
    """Its answer goes nowhere, and says nothing."""
    server = Server(partial(completions.complete, served[1]), "adapter", 0)
    for error in (BrokenPipeError(), ValueError("a fault")):
        try:
            raise error
        except (BrokenPipeError, ValueError):
            server.handle_error(None, ("127.0.0.1", 1))
    server.server_close()
    said = capsys.readouterr().err

    assert "BrokenPipeError" not in said
    assert "a fault" in said
