"""Keeps the machine's cores from sleeping while requests are far apart, as every measurement of latency should.

A core that sleeps has to be woken for every request. On a virtual machine it is worse: its host gives a sleeping core to
somebody else, and brings it back milliseconds later. What a run then tells of is the host, for every gateway alike."""

import os
from pathlib import Path

#: The kernel's own way to ask for it: as long as the file is held open, no core sleeps for longer than this many µs takes to
#: wake from. Zero is not at all. Closing it, or dying, takes the wish back.
WISH = Path("/dev/cpu_dma_latency")
NOT_AT_ALL = bytes(4)


class Awake:
    """Use as a context manager. `problem` says why the cores may sleep after all, or is None."""

    def __init__(self, wish=WISH):
        self._wish = wish
        self._file = None
        self.problem = None

    def __enter__(self):
        try:
            self._file = os.open(self._wish, os.O_WRONLY)
            os.write(self._file, NOT_AT_ALL)
        except OSError as failure:
            self.problem = f"cores may have slept between requests, and late wake-ups are in it: {failure}"
        return self

    def __exit__(self, *_):
        if self._file is not None:
            os.close(self._file)
            self._file = None
