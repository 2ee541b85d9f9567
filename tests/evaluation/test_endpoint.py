"""
The rival arm, against a real HTTP server in this process.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from idiolect.cli import main
from idiolect.evaluation.arms import Request
from idiolect.evaluation.endpoint import EndpointGenerator
from idiolect.evaluation.gate import judge_gate
from idiolect.mining.errors import InputError
from idiolect.mining.rows import ROWS
from toys import FakeGenerator, evaluate_corpus, tuned_knows


class Server:
    """A server that answers as told, and counts."""

    def __init__(self, answer):
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.paths.append(self.path)
                status, reply, *headers = answer(self.path, body, len(outer.paths))
                data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serve():
    """Start servers, and stop them at the end."""
    started = []

    def start(answer):
        started.append(Server(answer))
        return started[-1]

    yield start
    for server in started:
        server.http.shutdown()
        server.http.server_close()


def completion(text, finish="stop"):
    """Return an answer in the form of `/completions`."""
    return {"choices": [{"text": text, "finish_reason": finish}], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}


ASK = [Request("implement", "a.py", "python", "import os", "def f():") for _ in range(5)]


def ask(url, **changes):
    """Return the answers of five requests, in order."""
    generator = EndpointGenerator(url, "large", pause=0.01, **changes)
    return [g for _, g in sorted(generator.generate(ASK, adapted=False, max_tokens=[8] * 5))]


def ask_once(url):
    """Return the answer of one request to a server that has answered before."""
    generator = EndpointGenerator(url, "large", pause=0.01, answered=True)
    ((_, answer),) = generator.generate(ASK[:1], adapted=False, max_tokens=[8])
    return answer


def test_completions(serve):
    """Text, reason and tokens come back for every request."""
    server = serve(lambda path, body, count: (200, completion("    return 1", "length")))

    answers = ask(server.url)

    assert {("    return 1", "length", 9, 4)} == {a[:4] for a in answers}
    assert server.paths == ["/v1/completions"] * 5


def test_a_server_with_chat_alone_is_asked_in_chat(serve):
    """A 404 on the plain form turns all requests to the other, once."""

    def answer(path, body, count):
        if path.endswith("/chat/completions"):
            text = "def f():" in body["messages"][0]["content"]
            return 200, {"choices": [{"message": {"content": f"```\n{text}\n```"}, "finish_reason": "stop"}]}
        return 404, {}

    server = serve(answer)

    assert [a.text for a in ask(server.url)] == ["```\nTrue\n```"] * 5
    assert server.paths.count("/v1/completions") == 1


def test_a_busy_server_is_asked_again(serve):
    """Every third request is refused with 429 and still answered in the end."""
    server = serve(lambda path, body, count: (429, {}) if count % 3 == 0 else (200, completion("x")))

    assert [a.text for a in ask(server.url)] == ["x"] * 5


@pytest.mark.parametrize(("asked", "least"), [("0", 0.01), ("7", 7.0), ("soon", 0.01)])
def test_a_busy_server_is_left_alone_as_long_as_it_asks_and_longer_each_time(serve, monkeypatch, asked, least):
    """A wish for no pause at all is none to follow: the next tries would be over before the server is free."""
    pauses = []
    monkeypatch.setattr("idiolect.evaluation.endpoint.time.sleep", pauses.append)
    server = serve(lambda path, body, count: (503, {}, ("Retry-After", asked)))

    assert "error" == ask_once(server.url).finish_reason
    assert pauses == [least, 2 * least, 4 * least]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param((400, {}), id="refused"),
        pytest.param((200, b"not json"), id="no JSON"),
        pytest.param((200, {"choices": []}), id="no choice"),
        pytest.param((200, {"choices": [{"text": None}]}), id="no text"),
        pytest.param((200, {"choices": [{"text": "x"}], "usage": [1]}), id="usage of another form"),
        pytest.param((200, {"choices": [{"text": "x"}], "usage": {"prompt_tokens": "many"}}), id="no number of tokens"),
    ],
)
def test_what_cannot_be_used_is_an_error_and_no_answer(serve, reply):
    """Each kind of bad reply becomes a sample that says so."""
    server = serve(lambda path, body, count: reply)

    assert {"error"} == {a.finish_reason for a in ask(server.url, answered=True)}


REFUSALS = [
    pytest.param(
        (400, {"error": {"message": "Billing is off."}}), "says 400 Billing is off. Mend", id="in OpenAI's form"
    ),
    pytest.param((422, {"detail": "Model is loading"}), "says 422 Model is loading. Mend", id="in another"),
    pytest.param((500, b"<html>"), "says 500 Internal Server Error. Mend", id="in no form"),
    pytest.param((200, b"<html>log in</html>"), "does not answer: what it sends is no JSON. Mend", id="a page"),
    pytest.param((404, {"error": {"message": "No model `large`."}}), "says 404 No model `large`. Check", id="no model"),
]


@pytest.mark.parametrize(("reply", "said"), REFUSALS)
def test_a_server_that_has_answered_nothing_is_told_in_its_own_words(serve, reply, said):
    """Nothing would be answered later, either: the run ends at the first request, not with a row of lost samples."""
    server = serve(lambda path, body, count: reply)

    with pytest.raises(InputError, match=f"{re.escape(f'{server.url} {said}')}.* is kept"):
        ask(server.url)


def test_nobody_at_the_address_is_told():
    """A server that is not running costs no hour of lost samples."""
    with pytest.raises(InputError, match=r"does not answer: Connection refused\."):
        ask("http://127.0.0.1:9/v1")


def test_a_server_that_answers_nothing_is_told_before_a_model_is_loaded(corpus, serve, tmp_path, monkeypatch, capsys):
    """Losses and answers of a large model take an hour, and a key that is wrong is wrong at once."""
    server = serve(lambda path, body, count: (401, {"error": {"message": "Incorrect API key provided"}}))
    monkeypatch.setattr("idiolect.training.generation.load_model", lambda *_: pytest.fail("a model was loaded"))
    asked = ["evaluate", str(corpus.folder), "--out", str(tmp_path / "e"), "--endpoint", server.url, "--model", "large"]

    assert 2 == main(asked)
    assert "says 401 Incorrect API key provided. Set IDIOLECT_ENDPOINT_KEY" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_options_that_a_model_does_not_take_are_left_out(serve):
    """A model that thinks wants another name for the limit, no temperature and no seed, and says so one by one."""

    def answer(path, body, count):
        for name in ("max_tokens", "temperature", "seed"):
            if name in body:
                return 400, {"error": {"message": f"Unsupported parameter: '{name}' is not supported with this model."}}
        return 200, completion(f"{body['max_completion_tokens']}")

    server = serve(answer)

    assert ["8"] * 5 == [a.text for a in ask(server.url)]
    assert 3 + 5 == len(server.paths)


def test_a_refusal_after_an_answer_changes_no_option(serve):
    """A prompt that is too long names the limit, too: without it a server would write on and on."""
    long = {"error": {"message": "prompt and max_tokens exceed 4096 tokens"}}
    server = serve(lambda path, body, count: (400, long) if count == 3 else (200, completion(str(body["max_tokens"]))))

    assert ["", "8", "8", "8", "8"] == sorted(a.text for a in ask(server.url))


@pytest.mark.parametrize("taught", ROWS)
def test_a_model_that_was_taught_rows_is_asked_as_they_ask(corpus, serve, taught):
    """Word for word: what a hosted tuner was given is what its model gets, in the one form that it knows."""
    asked = []

    def answer(path, body, count):
        asked.append((path, body))
        return 200, {"choices": [{"message": {"content": "x"}, "text": "x", "finish_reason": "stop"}]}

    pair = corpus.pairs("train")[0]
    request = Request(pair.kind, pair.path, pair.language, pair.context, pair.instruction)
    generator = EndpointGenerator(serve(answer).url, "large", taught=taught)
    assert ["x"] == [g.text for _, g in generator.generate([request], adapted=False, max_tokens=[8])]
    ((path, body),), row = asked, ROWS[taught](pair)
    if taught == "completion":
        assert ("/v1/completions", row["prompt"]) == (path, body["prompt"])
        return
    told = [message["content"] for message in row["messages"][:-1]]
    texts = [
        *(part["text"] for part in row.get("system", ())),
        *(t if isinstance(t, str) else t[0]["text"] for t in told),
    ]
    assert ("/v1/chat/completions", texts) == (path, [message["content"] for message in body["messages"]])


BROKEN = [
    pytest.param(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"choices": [{"te', id="ends within"),
    pytest.param(b"garbage and no HTTP\r\n\r\n", id="speaks otherwise"),
    pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", id="never comes to the point"),
    pytest.param(b"", id="hangs up"),
]


@pytest.mark.parametrize("reply", BROKEN)
@pytest.mark.parametrize(("broken", "reason"), [(3, "stop"), (10**6, "error")], ids=["for a while", "for good"])
def test_a_server_that_breaks_off_is_asked_again(reply, broken, reason):
    """What comes over the wire may be cut off or no HTTP at all; that costs a try, and no evaluation."""
    seen = []
    body = json.dumps(completion("x")).encode()
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            seen.append(0)
            length = next(int(line.split()[1]) for line in self.rfile if line.lower().startswith(b"content-length"))
            for line in self.rfile:
                if not line.strip():
                    break
            self.rfile.read(length)
            self.wfile.write(reply if len(seen) <= broken else whole)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answers = ask(f"http://127.0.0.1:{server.server_address[1]}/v1", answered=reason == "error")
        server.shutdown()

    assert [reason] * 5 == [answer.finish_reason for answer in answers]


def test_a_key_goes_to_no_other_server(serve, monkeypatch):
    """A server that sends requests elsewhere is told as such: neither key nor request goes there."""
    monkeypatch.setenv("IDIOLECT_ENDPOINT_KEY", "secret")
    elsewhere = serve(lambda *_: (200, completion("theirs")))
    server = serve(lambda *_: (302, {}, ("Location", f"{elsewhere.url}/completions")))

    with pytest.raises(InputError, match="It sends requests elsewhere"):
        ask_once(server.url)
    assert elsewhere.paths == []


def test_a_url_without_a_scheme_is_refused():
    """The message shows the form."""
    with pytest.raises(InputError, match="http://"):
        EndpointGenerator("localhost:8000", "large")


def rival_answer(corpus):
    """Return a server's answer that knows every reference."""
    knows = FakeGenerator(corpus, tuned_knows).answers

    def answer(path, body, count):
        found = next(text for ask, text in knows.items() if ask in body["prompt"])
        return 200, completion(found + "\n")

    return answer


def test_the_rival_is_an_arm_beside_the_others(corpus, serve, tmp_path):
    """A larger model's acceptance stands in the same table, compared with the tuned one."""
    server = serve(rival_answer(corpus))

    verdict = evaluate_corpus(corpus, tmp_path / "e", rival=EndpointGenerator(server.url, "large"))
    arms = {arm["arm_id"]: arm for arm in verdict["arms"]}
    compared = json.loads((tmp_path / "e" / "comparisons.json").read_text())

    assert arms["rival"]["rates"]["accept"]["rate"] == 1.0
    assert any(row["a"] == "tuned" and row["b"] == "rival" for row in compared)
    page = (tmp_path / "e" / "report.html").read_text("utf-8")
    assert "large, behind an endpoint" in page
    assert "Beside large, tuned" in page
    assert "Of the rival as its server answers" in page


@pytest.mark.parametrize(("status", "way_out"), [(401, "IDIOLECT_ENDPOINT_KEY"), (403, "may not use"), (404, "/v1")])
def test_a_server_that_will_never_answer_is_named(serve, status, way_out):
    """A key that is missing, or a name that is wrong, is no sample lost to the machine."""
    generator = EndpointGenerator(serve(lambda path, body, count: (status, {})).url, "large", pause=0.01)

    asked = [Request("implement", "a.py", "python", "", "def f():")]

    with pytest.raises(InputError, match=f"says {status} .*{way_out}"):
        list(generator.generate(asked, adapted=False, max_tokens=[8]))


def test_beside_a_rival_every_arm_may_say_as_much(corpus, serve, tmp_path):
    """A server answers in chat form, with fence, task and head again: the arms of a plain base have that room, too."""
    most = []
    for rival in (None, EndpointGenerator(serve(rival_answer(corpus)).url, "large")):
        out = tmp_path / str(len(most))
        evaluate_corpus(corpus, out, rival=rival)
        rows = [json.loads(line) for line in (out / "samples.jsonl").read_text("utf-8").splitlines()]
        most.append({(row["arm_id"], row["probe_id"]): row["max_tokens"] for row in rows if "arm_id" in row})

    assert all(most[1][key] > limit + 32 for key, limit in most[0].items())
    assert len({(probe, limit) for (_, probe), limit in most[1].items()}) == len({probe for _, probe in most[1]})
    assert {"rival"} == {arm for arm, _ in most[1].keys() - most[0].keys()}


def test_a_server_that_dies_costs_the_rival_alone(corpus, serve, tmp_path):
    """Lost samples are counted, never taken for wrong answers; what is said of the adapter stands without them."""
    good = rival_answer(corpus)
    server = serve(lambda path, body, count: good(path, body, count) if count < 9 else (400, {}))

    verdict = evaluate_corpus(corpus, tmp_path / "e", rival=EndpointGenerator(server.url, "large", pause=0.01))
    rival = next(arm for arm in verdict["arms"] if arm["arm_id"] == "rival")

    assert "WORTH_IT" == verdict["verdict"] == judge_gate(tmp_path / "e").word
    assert {"infra_error": 24, "ok": 8} == rival["statuses"]
    assert (8, 1.0) == (rival["rates"]["accept"]["n"], rival["rates"]["accept"]["rate"])
    assert "24 lost" in (tmp_path / "e" / "report.html").read_text("utf-8")


def test_a_server_that_never_answers_ends_the_run_and_keeps_what_others_answered(corpus, serve, tmp_path):
    """A key that is not valid is told before an evaluation has lost a row; the same command goes on where it was."""
    out, good = tmp_path / "e", rival_answer(corpus)
    server = serve(lambda path, body, count: (400, {"error": {"message": "Billing is off."}}))
    with pytest.raises(InputError, match="says 400 Billing is off"):
        evaluate_corpus(corpus, out, rival=EndpointGenerator(server.url, "large", pause=0.01))
    before = (out / "samples.jsonl").read_text("utf-8").splitlines()

    evaluate_corpus(corpus, out, rival=EndpointGenerator(serve(good).url, "large"))
    after = (out / "samples.jsonl").read_text("utf-8").splitlines()

    assert before
    assert set(before) <= set(after)
    assert {"base": "large", "engine": "endpoint"}.items() <= json.loads((out / "run.json").read_text())[
        "rival"
    ].items()
