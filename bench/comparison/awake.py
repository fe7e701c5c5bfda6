"""Keeps the machine's cores from sleeping while requests come far apart: a core that sleeps has to be woken for each, and on a
virtual machine its host may give it to somebody else and bring it back milliseconds later. What p99 tells of then is the host,
whichever gateway is asked."""

import os
import time
from pathlib import Path

#: The kernel's own way to ask for it: as long as the file is held open, no core enters a state that takes longer than this many
#: µs to wake from. With zero there is none but polling. Closing it, or dying, takes the wish back.
WISH = Path("/dev/cpu_dma_latency")
NOT_AT_ALL = bytes(4)
#: What each core's idle states are, and for how long it was in them.
CORES = Path("/sys/devices/system/cpu")
#: The share of the time that cores may have slept all the same, as when the wish came.
SLEPT_MOST = 0.02


class Awake:
    """Use as a context manager. Afterwards `problem` says why cores may have slept all the same, or is None."""

    def __init__(self, wish=WISH, cores=CORES):
        self._wish, self._cores = wish, cores
        self._file = None
        self.problem = None

    def __enter__(self):
        try:
            self._file = os.open(self._wish, os.O_WRONLY)
            os.write(self._file, NOT_AT_ALL)
        except OSError as failure:
            self.problem = f"cores could not be kept awake: {failure}"
        self._slept, self._began = slept(self._cores), time.monotonic()
        return self

    def __exit__(self, *_):
        self.problem = self.problem or self._without_effect()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _without_effect(self):
        now = slept(self._cores)
        if self._slept is None or now is None:
            return "cores could not be kept awake: the kernel has no driver for their idle states"
        had = (time.monotonic() - self._began) * os.cpu_count()
        share = (now - self._slept) / had
        return f"cores slept for {share:.0%} of the time although asked not to" if share > SLEPT_MOST else None


def slept(cores):
    """Seconds that all cores together have been in states that take time to wake from; None where the kernel knows of none."""
    states = list(Path(cores).glob("cpu*/cpuidle/state*"))
    if not states:
        return None
    return sum(int((state / "time").read_text()) for state in states if int((state / "latency").read_text())) / 1e6
