"""tollgate-load against one URL after the other: as much as there is, or at a rate of its own."""

import json
import subprocess
from statistics import median

from .load import LoadFailure

CONNECTIONS = 64
#: How long a run is. A shared machine stands still for some milliseconds about once a second: in a run of a second or more that
#: is what the slowest hundredth of the requests tells of.
RUN_MS = 500
WARM_UP_MS = 300
#: Runs whose median is the limit: one that falls into a slow moment does not make "half" a third.
LIMIT_RUNS = 3
#: Runs that may be repeated because nothing was sent: where the machine stands still for longer than a run.
REPEATED_MAX = 3
#: For a run to end, whatever becomes of it.
SECONDS_MAX = 120
SCENARIO = """\
name: Half load
about: {about}
requests:
  - path: {path}
load:
  {loop}
  for: {run_ms}ms
  warm_up: {warm_up_ms}ms
  connections: {connections}
statuses: [200]
"""


class NothingSent(LoadFailure):
    """Not one connection was there in time."""


class Runner:
    """`program` is tollgate-load."""

    def __init__(self, program, stage, say):
        self._program = program
        self._folder = stage.folder
        self._path = stage.workload.path
        self._scenario = self._folder / "half-load.yaml"
        self._keys = self._folder / "keys.txt"
        self._keys.write_text("\n".join(caller.key for caller in stage.workload.callers))
        self._say = say
        self.repeated = 0

    def limit(self, url):
        """Requests a second that `url` answers when every connection asks again at once."""
        self._describe("As much as there is.", "loop: closed")
        return median(self.report(url, 0)["requestsPerSecond"] for _ in range(LIMIT_RUNS))

    def offer(self, rate):
        """What the next reports are of."""
        self._describe("At random moments.", f"loop: open\n  arrivals: random\n  rate: {int(rate)}")

    def _describe(self, about, loop):
        self._scenario.write_text(SCENARIO.format(
            about=about, loop=loop, path=self._path, run_ms=RUN_MS, warm_up_ms=WARM_UP_MS, connections=CONNECTIONS))

    def report(self, url, seed):
        while True:
            try:
                return self._report(url, seed)
            except NothingSent as failure:
                if self.repeated == REPEATED_MAX:
                    raise
                self.repeated += 1
                self._say(f"  repeated: {str(failure).splitlines()[0]}")

    def _report(self, url, seed):
        result = self._folder / "half-load.json"
        result.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                [str(self._program), str(self._scenario), "--url", url, "--keys-file", str(self._keys),
                 "--json", str(result), "--seed", str(seed), "--quiet"], capture_output=True, text=True, check=False,
                timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise LoadFailure(f"tollgate-load against {url} did not end within {SECONDS_MAX} s") from None
        try:
            report = json.loads(result.read_text())
        except (OSError, ValueError):
            report = None
        if done.returncode or report is None:
            raise failure(url, done, report)
        return report


def failure(url, done, report):
    """The first line says what it was; what the program said follows."""
    if report is not None and not report["sent"]:
        kind, why = NothingSent, "nothing was sent"
    else:
        unmet = [each["name"] for each in report["checks"] if not each["isMet"]] if report else []
        kind, why = LoadFailure, f"not met: {', '.join(unmet)}" if unmet else f"it ended with {done.returncode}"
    return kind(f"tollgate-load against {url}: {why}\n{done.stdout}{done.stderr}")
