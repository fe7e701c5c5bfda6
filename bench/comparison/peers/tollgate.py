"""(c) Tollgate, with one event loop and no PostgreSQL: keys, limits, one script call, meters, forwarding."""

import os
from pathlib import Path

from ..processes import Process, accepts, family, first_line, free_port
from .base import Peer, PeerMissing
from .tollgate_records import metered, publish

PREFIX = "tg:"
ROOT = Path(__file__).resolve().parents[3]

CONFIGURATION = """\
edge:
  listen: 127.0.0.1:{port}
  threads: {threads}
admin:
  listen: 127.0.0.1:{admin_port}
redis:
  url: {redis}
  key_prefix: "{prefix}"
  deadline: 2s
# Nothing answers there: what is asked for is in Redis.
postgres:
  url: host={folder} dbname=none
# Not the machine's: a gateway that lives there would take what is measured here for usage.
journal:
  folder: {folder}/journal
logging:
  level: warning
  access_log: "off"
plans:
  - code: PRO
    name: Pro
upstreams:
  - name: jobs
    endpoints: ["127.0.0.1:{upstream}"]
limits:
{limits}
routes:
  - id: jobs
    path: /v1/**
    upstream: jobs
    # A request that Redis did not decide is an error here.
    store_failure: deny
{route}    meters:
      - meter: requests
        fixed: 1
"""


class Tollgate(Peer):
    name = "tollgate"
    label = "Tollgate"
    is_gated = True
    asks_redis = True

    threads = 1
    #: More of the route's configuration.
    route = ""

    #: How long a start may take.
    start_seconds = 20

    def __init__(self, stage, name=None, redis_url=None, records=None):
        """With a Redis of its own: its URL, and a client for the records; else the stage's."""
        super().__init__(stage)
        self._process = None
        self.name = name or self.name
        self._redis_url, self._records = redis_url, records

    @property
    def redis_url(self):
        return self._redis_url or f"unix://{self.stage.redis.socket_path}"

    @property
    def records(self):
        return self._records or self.stage.redis.client

    #: Set by the command line.
    executable = ROOT / os.environ.get("BUILD_DIR", ".build") / "release" / "tollgate"

    def start(self):
        self._process = None
        if not self.executable.is_file():
            raise PeerMissing(f"There is no {self.executable}: build it with `make release`, name another with "
                              "--tollgate, or leave it out with --peers nginx,nginx-lua,haproxy.")
        publish(self.records, PREFIX, self.workload.callers)
        self._port, admin_port = free_port(), free_port()
        folder = self.stage.folder / self.name
        folder.mkdir()
        self._text = CONFIGURATION.format(
            folder=folder, port=self._port, threads=self.threads, route=self.route, admin_port=admin_port, redis=self.redis_url, prefix=PREFIX,
            upstream=self.stage.upstream.port, limits="\n".join(map(self._limit, self.workload.limits)))
        file = folder / "tollgate.yaml"
        file.write_text(self._text)
        self._process = Process(
            self.name, [self.executable, "serve", "--config", file, "--edge-only"], folder, self.stage.placement.gateway)
        self._process.wait_until(lambda: accepts(self._port), self.start_seconds)

    def stop(self):
        if self._process:
            self._process.stop()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self):
        return family(self._process.pid)

    @property
    def command(self):
        return self._process.command

    def configuration(self):
        return self._text

    def version(self):
        kind = " (a debug build: its figures mean nothing)" if "debug" in self.executable.resolve().parts else ""
        return first_line(str(self.executable), "--version") + kind

    def metered(self):
        return metered(self.records, PREFIX, self.workload.callers)

    @staticmethod
    def _limit(limit):
        return (f"  - {{name: {limit.name}, scope: {limit.scope}, capacity: {limit.capacity}, "
                f"refill: {limit.refill} per {limit.period_ms}ms}}")
