"""The load: wrk, closed loop, one thread, keep-alive connections."""

import json
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .processes import first_line, program

PACKAGES = {"wrk": "wrk"}
ASSETS = Path(__file__).parent / "assets"


class LoadFailure(Exception):
    pass


@dataclass(frozen=True)
class LoadOutcome:
    """What wrk saw of one run. `refused` are answers of 400 and above, `broken` are connections that failed."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int
    timeouts: int
    cpu_seconds: float

    def joined(self, other):
        """Both runs as one; a percentile is the mean of theirs by requests, since wrk does not tell the latencies."""
        total = max(self.requests + other.requests, 1)

        def mean(read):
            return (read(self) * self.requests + read(other) * other.requests) / total
        return LoadOutcome(
            requests=self.requests + other.requests, seconds=self.seconds + other.seconds,
            p50_ms=mean(lambda each: each.p50_ms), p99_ms=mean(lambda each: each.p99_ms),
            refused=self.refused + other.refused, broken=self.broken + other.broken,
            timeouts=self.timeouts + other.timeouts, cpu_seconds=self.cpu_seconds + other.cpu_seconds)

    @property
    def requests_per_second(self):
        return self.requests / self.seconds


class Load:
    """Runs wrk against one URL after the other, with the workload's keys. `words` are further arguments of the script."""

    def __init__(self, workload, folder, cpus=None, script="wrk.lua", words=()):
        self._script, self._words = ASSETS / script, words
        self._connections = workload.connections
        self._path = workload.path
        self._placed = ["taskset", "--cpu-list", cpus] if cpus else []
        self._keys = Path(folder) / "authorization.txt"
        lines = [workload.authorization(caller.key)["Authorization"] for caller in workload.callers]
        self._keys.write_text("".join(f"{line}\n" for line in lines))

    def command(self, base_url, seconds):
        return [*self._placed, program("wrk"), "--threads", "1", "--connections", str(self._connections),
                "--duration", f"{seconds}s", "--timeout", "5s", "--script", str(self._script),
                base_url + self._path, "--", str(self._keys), *self._words]

    def run(self, base_url, seconds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(self.command(base_url, seconds), capture_output=True, text=True,
                              timeout=seconds + 30, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
        if result is None:
            raise LoadFailure(f"wrk against {base_url} reported nothing:\n{done.stdout}{done.stderr}")
        seen = json.loads(result.removeprefix("RESULT "))
        return LoadOutcome(
            requests=seen["requests"], seconds=seen["microseconds"] / 1e6,
            p50_ms=seen["p50_us"] / 1e3, p99_ms=seen["p99_us"] / 1e3,
            refused=seen["refused"], broken=seen["broken"], timeouts=seen["timeouts"],
            cpu_seconds=(after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime))

    @staticmethod
    def version():
        return first_line(program("wrk"), "--version")
