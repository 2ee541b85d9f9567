"""
Workers that stand ready. In: nothing. Out: a way to start worker processes that have loaded the miner already.

A spawned worker takes a second to load the miner and a hundredth of it to read what a test gives it. These are forked,
each from one server that has loaded the miner and nothing else; so they are as fresh, and the tests of workers, of
interrupts and of the command line, which start theirs as users' are started, see the difference.
"""

from __future__ import annotations

import os
from multiprocessing.context import ForkServerContext, ForkServerProcess


class ReadyWorker(ForkServerProcess):
    """
    A process with the environment of the moment, which the server does not know.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.environment = dict(os.environ)

    def run(self):
        os.environ.clear()
        os.environ.update(self.environment)
        super().run()


class ReadyContext(ForkServerContext):
    """
    Starts workers from a server.
    """

    Process = ReadyWorker


READY = ReadyContext()
READY.set_forkserver_preload(["idiolect.mining.mine"])
