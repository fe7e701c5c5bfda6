"""Memory of the idle process, and of each idle keep-alive connection."""

import resource
import socket
import time

from ..awake import Awake
from ..checks import CheckFailure
from ..figure import Figure
from ..peers.nginx_forward import NginxForward
from ..peers.tollgate import Tollgate
from ..processes import resident_bytes
from ..stage import Placement, Stage
from ..workload import Workload

CONNECTIONS = 10_000
MIB, KIB = 1024 * 1024, 1024


def measured(run):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(CONNECTIONS, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    workload = Workload.with_keys(1, 64)
    idle, each = [], []
    for number in range(min(run.rounds, 3)):
        # Awake for speed: connections are opened one after the other.
        with Awake(), Stage(workload, Placement()) as stage:
            start, end = held(Tollgate(stage), workload, count)
        idle.append(start / MIB)
        each.append((end - start) / count / KIB)
        run.say(f"  round {number + 1}  idle {idle[-1]:.1f} MiB, {count} connections {end / MIB:.1f} MiB: {each[-1]:.2f} KiB each")
    with Awake(), Stage(workload, Placement()) as stage:
        start, end = held(NginxForward(stage), workload, min(count, 4000))
    theirs = (end - start) / min(count, 4000) / KIB
    return [
        Figure("memory: idle process", median(idle), "MiB", at_most=40, least=min(idle), most=max(idle), digits=1,
               note="Resident size of one event loop's process, after its first request."),
        Figure(f"memory: per idle keep-alive connection ({count} held)", median(each), "KiB", at_most=6, least=min(each),
               most=max(each), note=f"Each has had one request answered. nginx as a plain proxy: {theirs:.2f} KiB."),
    ]


def held(peer, workload, count):
    """Resident bytes of `peer` before and while it holds so many idle connections."""
    try:
        peer.start()
        lines = [f"GET {workload.path} HTTP/1.1", "Host: bench"]
        lines += [f"{name}: {value}" for name, value in workload.authorization(workload.callers[0].key).items()]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        port = int(peer.base_url.rpartition(":")[2])
        # The gateway gives back what only starting needed a moment after it begins to listen.
        first = [opened(port, request, workload)]
        standing(lambda: resident(peer))
        first.append(opened(port, request, workload))
        before = resident(peer)
        sockets = [opened(port, request, workload) for _ in range(count)]
        time.sleep(0.5)
        after = resident(peer)
        for each in first + sockets:
            each.close()
        return before, after
    finally:
        peer.stop()


def standing(read):
    """What `read` gives once it has stood still for half a second; after ten it is taken as it is."""
    value, since, end = read(), time.monotonic(), time.monotonic() + 10
    while time.monotonic() < min(since + 0.5, end):
        time.sleep(0.05)
        now = read()
        if now != value:
            value, since = now, time.monotonic()
    return value


def opened(port, request, workload):
    """A connection that has had one answer."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(request)
    answer = b""
    while not answer.endswith(workload.answer.encode()):
        more = connection.recv(4096)
        if not more or not (answer + more).startswith(b"HTTP/1.1 200"):
            raise CheckFailure(f"memory: expected 200 and the upstream's answer, got {(answer + more)[:200]!r}")
        answer += more
    return connection


def resident(peer):
    return sum(resident_bytes(pid) for pid in peer.pids)


def median(values):
    return sorted(values)[len(values) // 2]
