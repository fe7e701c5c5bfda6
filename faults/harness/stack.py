"""The product as it is run: two gateways, the workers, Redis, PostgreSQL and an upstream, each a process of its own."""

import asyncio
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from . import redis
from .ledgers import RouteRules
from .processes import Child, accepts, free_ports, postgres_program, program
from .records import keys_sql, make_keys, make_org

HARNESS = Path(__file__).resolve().parent.parent
PREFIX = "tg:"
CAPACITY = 10
HEAD_SECONDS = 3
#: The product keeps a claim or lease this much longer than the route's deadline.
LEASE_SLACK_SECONDS = 30

CONFIGURATION = """\
edge: {{listen: "127.0.0.1:{port}", threads: 1, drain_timeout: 10s}}
admin: {{listen: "127.0.0.1:{admin_port}"}}
redis: {{url: "unix://{redis}", key_prefix: "{prefix}", deadline: {deadline_ms}ms}}
postgres: {{url: "{postgres}", connect_timeout: 2s}}
logging: {{level: notice, format: human, access_log: "off"}}
{journal}
plans: [{{code: PRO, name: Pro}}]
upstreams: [{{name: ledger, endpoints: ["127.0.0.1:{upstream}"]}}]
limits: [{{name: burst, scope: org, capacity: 1000000, refill: 100000 per 1s}}]
routes:
{routes}
"""

TIMEOUTS = f"timeouts: {{connect: 1s, head: {HEAD_SECONDS}s, idle: {HEAD_SECONDS}s}}"

ROUTES = {rules.name: rules for rules in (
    RouteRules("get", fixed="gets", idempotent_method=True),
    RouteRules("post", fixed="posts", units="post_units"),
    RouteRules("deny", fixed="denies", denies=True, idempotent_method=True),
    RouteRules("op", fixed="ops", units="op_units", keyed=True),
    RouteRules("durable", fixed="durables", units="durable_units", keyed=True, durable=True),
    RouteRules("stream", fixed="streams", tokens="stream_tokens", idempotent_method=True),
    RouteRules("opstream", fixed="opstreams", tokens="opstream_tokens", keyed=True),
    RouteRules("scarce", fixed="scarces", capacity=CAPACITY, idempotent_method=True),
    RouteRules("scarcedeny", fixed="scarcedenies", capacity=CAPACITY, denies=True, idempotent_method=True),
    RouteRules("held", fixed="helds", idempotent_method=True),
)}


def route_text(rules):
    """The route as the configuration says it."""
    meters = []
    if rules.fixed:
        meters.append(f"{{meter: {rules.fixed}, fixed: 1}}")
    if rules.units:
        meters.append(f"{{meter: {rules.units}, response_header: x-units, when: success}}")
    if rules.tokens:
        meters.append(f"{{meter: {rules.tokens}, last_event: /tokens}}")
    parts = [f"id: {rules.name}", f"path: /v1/{rules.name}", "upstream: ledger", TIMEOUTS, f"meters: [{', '.join(meters)}]",
             f"store_failure: {'deny' if rules.denies else 'local'}"]
    if rules.keyed:
        parts.append(f"idempotency: {{required: true{', durable: true' if rules.durable else ''}}}")
    if rules.capacity:
        parts.append(f"limits: [{{name: scarce, scope: key, capacity: {rules.capacity}, refill: 1 per 86400s}}]")
    if rules.name == "held":
        parts.append("concurrency: [{name: held, scope: org, max: 50}]")
    return f"  - {{{', '.join(parts)}}}"


class Stack:
    """Everything that a run needs, below one temporary folder."""

    def __init__(self, folder, executable, deadline_ms, threads=1):
        self.folder = Path(folder)
        self.executable = executable
        self.threads = threads
        self.ports = free_ports(7)
        self.redis_socket = self.folder / "redis.sock"
        self.redis_data = self.folder / "redis"
        self.ledger = self.folder / "executions.jsonl"
        self._database = f"host={self.folder} user=tollgate dbname=tollgate"
        self._deadline_ms = deadline_ms
        self._journal = self._journal_text()
        user = next((name for name in ("postgres", "nobody") if os.geteuid() == 0 and exists(name)), None)
        self.redis = Child("redis", [
            program("redis-server"), "--port", "0", "--unixsocket", self.redis_socket, "--unixsocketperm", "777", "--dir",
            self.redis_data, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy",
            "noeviction", "--daemonize", "no", "--auto-aof-rewrite-min-size", "4gb"], folder)
        # A killed process leaves what it wrote with the kernel, so fsync would only cost time here.
        self.postgres = Child("postgres", [
            postgres_program("postgres"), "-D", self.folder / "postgres", "-k", self.folder, "-c", "listen_addresses=",
            "-c", "fsync=off", "-c", "max_connections=60", "-c", "log_min_messages=warning"], folder, user)
        self.upstream = Child("upstream", [sys.executable, "-m", "harness.upstream", self.ports[0], self.ledger], HARNESS)
        self.upstream.log = self.folder / "upstream.log"
        self.gateways = {f"gateway-{number}": self._serve(f"gateway-{number}", number, "--edge-only")
                         for number in (1, 2)}
        self.workers = self._serve("workers", 3, "--workers-only")
        self._psql_user = user

    def _serve(self, name, number, part):
        return Child(name, [self.executable, "serve", "--config", self._file(name, number), part], self.folder)

    def _journal_text(self):
        """The gateways share one folder, as those of one machine may; a build from before there was one has none."""
        text = f"journal: {{folder: \"{self.folder}/journal\", size: 1MiB}}"
        probe = self.folder / "probe.yaml"
        probe.write_text(text + "\n")
        done = subprocess.run([self.executable, "check", probe], capture_output=True, text=True, check=False, timeout=30)
        return "" if "journal" in done.stdout + done.stderr else text

    def _file(self, name, number):
        file = self.folder / f"{name}.yaml"
        file.write_text(CONFIGURATION.format(
            port=self.gateway_port(number), admin_port=self.ports[3 + number], redis=self.redis_socket, prefix=PREFIX,
            deadline_ms=self._deadline_ms, postgres=self._database, upstream=self.ports[0],
            journal=self._journal,
            routes="\n".join(route_text(rules) for rules in ROUTES.values())))
        return file

    def gateway_port(self, number):
        return self.ports[min(number, 3)]

    @property
    def children(self):
        return [*self.gateways.values(), self.workers, self.upstream, self.redis, self.postgres]

    # Starting and ending

    async def start(self, orgs, slices, seed):
        """Starts all of it and returns the keys, by [slice][org]."""
        os.chmod(self.folder, 0o755)
        self.redis_data.mkdir()
        await asyncio.gather(self.start_redis(), self._initialise_postgres(), self.start_upstream())
        config = self.folder / "workers.yaml"
        await self._command("migrate", "--config", config)
        ids = [make_org(self.executable, config, f"org-{number}") for number in range(1, orgs + 1)]
        keys = make_keys(ids, slices, seed)
        await self.sql(keys_sql(keys))
        await self.start_workers()
        await asyncio.gather(*(self.start_gateway(name) for name in self.gateways))
        count = sum(len(row) for row in keys)

        def published():
            with redis.RedisClient(self.redis_socket) as client:
                return sum(1 for _ in client.scan(f"{PREFIX}k:*")) >= count
        await self.workers.ready(published)
        return keys

    async def _initialise_postgres(self):
        data = self.folder / "postgres"
        data.mkdir(mode=0o700)
        if self.postgres._user:
            shutil.chown(data, self.postgres._user)
            # The sockets' folder must take the server's socket.
            shutil.chown(self.folder, self.postgres._user)
        initdb = Child("initdb", [
            postgres_program("initdb"), "-D", data, "-U", "tollgate", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
            "--no-instructions", "--no-sync"], self.folder, self.postgres._user)
        initdb.start()
        while initdb.is_running:
            await asyncio.sleep(0.02)
        await self.start_postgres()
        await self.sql("CREATE DATABASE tollgate", database="postgres")

    async def _command(self, *words):
        process = await asyncio.create_subprocess_exec(
            self.executable, *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"tollgate {words[0]} failed: {output.decode(errors='replace')}")

    async def overdue(self):
        """What `tollgate open` says; it ends with 1 where something is overdue."""
        process = await asyncio.create_subprocess_exec(
            self.executable, "open", "--json", "--config", str(self.folder / "workers.yaml"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await process.communicate()
        if process.returncode not in (0, 1):
            raise RuntimeError(f"tollgate open failed: {errors.decode(errors='replace')}")
        return json.loads(output)

    async def start_redis(self):
        self.redis.start()
        await self.redis.ready(lambda: redis.answers(self.redis_socket))

    async def start_postgres(self):
        lock = self.folder / "postgres" / "postmaster.pid"
        lock.unlink(missing_ok=True)
        self.postgres.start()
        await self.postgres.ready(self._postgres_answers)

    async def start_upstream(self):
        self.upstream.start()
        await self.upstream.ready(lambda: accepts(self.ports[0]))

    async def start_workers(self):
        self.workers.start()
        await self.workers.ready(lambda: accepts(self.ports[6]))

    async def start_gateway(self, name):
        child = self.gateways[name]
        child.start()
        await child.ready(lambda: accepts(self.gateway_port(int(name[-1]))))

    async def end(self):
        """Ends everything that still runs."""
        for child in self.children:
            child.resume()
        for child in self.children:
            child.kill()

    # Asking

    async def sql(self, text, database="tollgate"):
        """Runs statements and returns the last one's rows as lists of text."""
        process = await asyncio.create_subprocess_exec(
            program("psql"), "-h", str(self.folder), "-U", "tollgate", "-d", database, "-X", "-q", "-A", "-t", "-F", "\t",
            "-v", "ON_ERROR_STOP=1", "-f", "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env={**os.environ, "PGCONNECT_TIMEOUT": "2"})
        output, errors = await process.communicate(text.encode())
        if process.returncode:
            raise RuntimeError(f"psql: {errors.decode(errors='replace')}")
        return [line.split("\t") for line in output.decode().splitlines()]

    async def _postgres_answers(self):
        try:
            return await self.sql("SELECT 1", database="postgres") == [["1"]]
        except RuntimeError:
            return False

    def metrics(self, name):
        """The samples of a gateway's or the workers' metrics: {name with labels: value}; empty if it does not answer."""
        number = 3 if name == "workers" else int(name[-1])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[3 + number]}/metrics", timeout=2) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def exists(name):
    try:
        pwd.getpwnam(name)
        return True
    except KeyError:
        return False


def now():
    return time.monotonic()
