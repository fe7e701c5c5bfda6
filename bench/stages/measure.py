"""Drives the gateway through a fixed sequence of requests, one at a time, while callgrind counts."""

import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace

from comparison.peers.tollgate import Tollgate
from comparison.redis import RedisServer
from comparison.workload import Workload

from .callgrind import BY_CLOCK, LOOP, CountFailure, Counter, write_wrapper
from .upstream import Upstream

CONNECTIONS = 8
REQUESTS = 2_000

# Stage → the functions that make it up, by mangled name, minus those that belong to another stage.
STAGES = {
    "request head parsed": (r"\$s8HTTPWire13RequestParserV5parse", None),
    "key recognised": (r"\$s4Edge8ExchangeC12authenticate", None),
    "upstream's head written": (r"\$s4Edge8ExchangeC6renderyy", None),
    "head to question, all of it": (r"\$s4Edge8ExchangeC8headRead", None),
    "question sent, answer read": (
        r"\$s4Edge13AdmissionTripC(12redisReplied|6append|6encode)", r"\$s4Edge8ExchangeC7decided"),
    "decision to forwarding": (r"\$s4Edge8ExchangeC7decided", r"\$s4Edge10EarlyReadsC12expectAnswer"),
    "early reads asked for": (r"\$s4Edge10EarlyReadsC(12expectAnswer|13expectRequest)", None),
    "response head parsed": (r"\$s8HTTPWire14ResponseParserV5parse", None),
    "answer written and settled": (r"\$s4Edge8ExchangeC12upstreamRead", r"\$s8HTTPWire14ResponseParserV5parse"),
}
# What costs more on a connection's first request than on those behind it.
FIRST_STAGES = {
    "key recognised, first on its connection": (r"\$s4Edge8ExchangeC12authenticate", None),
    "upstream's head written, first on its connection": (r"\$s4Edge8ExchangeC6renderyy", None),
}


class Client:
    """Keep-alive connections to the gateway; one request is under way at a time."""

    def __init__(self, port, workload):
        caller = workload.callers[0]
        self._port = port
        self._request = (f"GET {workload.path} HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: gauge\r\nAccept: */*\r\n"
                         f"Authorization: Bearer {caller.key}\r\n\r\n").encode()
        self._answer = workload.answer.encode()
        self._sockets = []

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets.append(connection)

    def ask(self, index):
        connection = self._sockets[index % len(self._sockets)]
        connection.sendall(self._request)
        answer = b""
        while not answer.endswith(self._answer):
            data = connection.recv(65536)
            if not data:
                raise CountFailure(f"the gateway closed the connection after {answer!r}")
            answer += data
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise CountFailure(f"the gateway answered {answer!r}")

    def close(self):
        for connection in self._sockets:
            connection.close()


def measure(executable):
    """Counts by name: instructions of each stage and of the whole of one request, and allocations."""
    with tempfile.TemporaryDirectory(prefix="tollgate-gauge-") as name:
        folder = Path(name)
        workload = Workload.with_keys(1, CONNECTIONS)
        upstream = Upstream(workload.answer)
        redis = RedisServer(folder)
        stage = SimpleNamespace(
            workload=workload, folder=folder, upstream=upstream, redis=redis, placement=SimpleNamespace(gateway=None))
        peer = Tollgate(stage)
        # Under callgrind everything takes fifty times as long.
        peer.start_seconds = 180
        peer.executable = write_wrapper(Path(executable).resolve(), folder)
        try:
            peer.start()
            client = Client(int(peer.base_url.rpartition(":")[2]), workload)
            try:
                return count(client, Counter(peer.pids[0], folder))
            finally:
                client.close()
        finally:
            peer.stop()
            redis.stop()
            upstream.stop()


def count(client, counter):
    client.connect()
    client.ask(0)

    def connections():
        for index in range(1, CONNECTIONS + 1):
            client.connect()
            client.ask(index)

    def requests():
        for index in range(REQUESTS):
            client.ask(index)

    opened = counter.count(connections)
    # Once around, so that what grows with use has grown.
    for index in range(2 * CONNECTIONS):
        client.ask(index)
    steady = counter.count(requests)
    counts = {}
    for stages, profile, number in ((STAGES, steady, REQUESTS), (FIRST_STAGES, opened, CONNECTIONS)):
        for stage, (pattern, without) in stages.items():
            cost = profile.instructions(pattern) - (profile.instructions(without) if without else 0)
            counts[f"instructions: {stage}"] = round(cost / number)
    # Without what the loop does by the clock: on a slow machine more of it would fall to a request.
    counts["instructions: whole request"] = round(
        (steady.instructions(LOOP) - steady.instructions(BY_CLOCK)) / REQUESTS)
    # Together, because a request by itself allocates nothing, and zero would not tell a fast gateway from a blind gauge.
    counts[f"allocations: {CONNECTIONS} new connections and 1000 requests"] = round(
        opened.allocations + steady.allocations * 1000 / REQUESTS)
    return counts
