"""
Processes that have loaded torch. In: the words of a Python command line. Out: a process that runs them, forked.

To load torch, transformers and peft takes ten seconds of processor time, and some tests have to kill, interrupt or
spread what trains. One server loads them, and whatever it is asked for runs in a fork of it, from the top of the
interpreter to its end. It computes nothing itself, so nothing but modules is shared.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

LOADED = (
    "accelerate",
    "peft",
    "torch.distributed.fsdp",
    "transformers.models.qwen2.modeling_qwen2",
    "transformers.models.qwen3.modeling_qwen3",
    "idiolect.commands.evaluate",
    "idiolect.commands.train",
    "idiolect.training.generation",
    "idiolect.training.train",
)
PART = 1 << 16
"""Bytes that are received at once."""


class Process:
    """
    A process that runs, or has run.
    """

    def __init__(self, server: Server, pid: int) -> None:
        self.server, self.pid = server, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how the process ended as `subprocess` does, or None."""
        if self.returncode is None:
            self.returncode = self.server.ask({"ended": self.pid})
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal. Who has ended and was not polled keeps its number, so nobody else gets it."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        """Return how the process ended, once it has; in *seconds*, else it is killed and `TimeoutError` raised."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(f"still running after {seconds:.0f} seconds")
            time.sleep(0.01)
        return code


class Server:
    """
    The process that forks.
    """

    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair()
        with theirs:
            words = [sys.executable, __file__, str(theirs.fileno())]
            self.process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def ask(self, request: Mapping[str, Any], files: Sequence[IO[Any]] = ()) -> Any:
        """Return the server's answer."""
        socket.send_fds(self.channel, [line_of(request)], [file.fileno() for file in files])
        return json.loads(receive(self.channel)[0])

    def start(self, words: Sequence[str], stdout: IO[Any], stderr: IO[Any], **more: str) -> Process:
        """
        Start what `python *words` would start: `-c` and a text, or `-m` and a module, with what it takes.

        *more* is added to the environment.
        """
        environment = {**os.environ, **more}
        return Process(self, self.ask({"words": list(words), "environment": environment}, (stdout, stderr)))

    def close(self) -> None:
        """End the server."""
        self.channel.close()
        self.process.wait()


def line_of(value: Any) -> bytes:
    """Return *value* as one line of JSON."""
    return json.dumps(value).encode() + b"\n"


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """Return one line, with the files that came with it, or nothing where the other side is gone."""
    data, files, *_ = socket.recv_fds(channel, PART, 2)
    while data and not data.endswith(b"\n"):
        part = channel.recv(PART)
        if not part:
            return b"", files
        data += part
    return data, files


def serve(channel: socket.socket) -> list[str]:
    """Fork for every request until there is no more; in a fork, return the words it was asked to run."""
    while True:
        data, files = receive(channel)
        if not data:
            sys.exit()
        request = json.loads(data)
        if "ended" in request:
            pid, status = os.waitpid(request["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                channel.close()
                for place, file in enumerate(files, 1):
                    os.dup2(file, place)
                    os.close(file)
                os.environ.clear()
                os.environ.update(request["environment"])
                return request["words"]
            for file in files:
                os.close(file)
        channel.sendall(line_of(answer))


def run(words: Sequence[str]) -> None:
    """Do what `python *words` does."""
    kind, what, *rest = words
    if kind == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [kind, *rest]
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    import importlib

    # behind `nohup` the suite is started deaf, and what it starts would be, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for module in LOADED:
        importlib.import_module(module)
    run(serve(socket.socket(fileno=int(sys.argv[1]))))
