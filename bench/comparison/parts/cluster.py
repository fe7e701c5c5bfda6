"""Decisions on three Redis Cluster nodes against one node. The scripts are called directly, each on the node that owns the
org's slot: every key of an org has the org as its hash tag, so a decision never touches two nodes."""

import os
import time

from ..figure import Figure
from ..figures import Spread
from ..load import LoadFailure
from ..peers.nginx_lua import NginxLua, composed
from ..peers.tollgate import Tollgate
from ..processes import Process, free_port, program
from ..redis import RedisClient, cpu_seconds
from ..stage import Placement, Stage
from ..workload import Workload
from ..pipeline import Pipeline, drive
from .script import call_of, org_tag, version_tag

NODES, SLOTS = 3, 16384


class Node:
    """One redis-server on a TCP port; a cluster's member if it is given slots."""

    def __init__(self, folder, number, slots=None):
        self.port = free_port()
        self.slots = slots
        self._path = folder / f"node-{number}.sock"
        words = [program("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self._path,
                 "--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "no"]
        if slots:
            words += ["--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-config-file",
                      folder / f"node-{number}.conf"]
        self._process = Process(f"node-{number}", words, folder)
        self._process.wait_until(self._answers)
        self.client = RedisClient(self._path)
        if slots:
            self.client("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            self.client("CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1])

    def _answers(self):
        try:
            client = RedisClient(self._path)
        except OSError:
            return False
        client.close()
        return True

    def prepare(self, script, words):
        """Puts the script and the keys of an org of this node's slots in place; gives the call for that org."""
        tag = org_tag(words)
        own = org_in(tag, self.slots) if self.slots else tag
        call = [word.replace(b"{" + tag + b"}", b"{" + own + b"}") for word in words[:-1]] + [words[-1]]
        self.client("SCRIPT", "LOAD", script)
        self.client("SET", call[3], version_tag(words[-1]))
        return call

    def stop(self):
        self.client.close()
        self._process.stop()


def measured(run):
    workload = Workload.with_keys(1, 64)
    with Stage(workload, Placement()) as stage:
        words, script = call_of(Tollgate(stage), stage), composed(NginxLua.script)
        width = SLOTS // NODES + 1
        ranges = [(at, min(at + width, SLOTS) - 1) for at in range(0, SLOTS, width)]
        single, cluster = [Node(stage.folder, 9)], []
        try:
            cluster += [Node(stage.folder, number, slots) for number, slots in enumerate(ranges)]
            join(cluster)
            calls = {node.port: node.prepare(script, words) for node in [*single, *cluster]}
            rates, cpu = {1: [], 3: []}, {1: [], 3: []}
            for number in range(run.rounds):
                for nodes in (single, cluster) if number % 2 == 0 else (cluster, single):
                    rate, used = decide(nodes, calls, run.pipelined_calls // 4)
                    rates[len(nodes)].append(rate)
                    cpu[len(nodes)].append(used)
                    run.say(f"  round {number + 1}  {len(nodes)} nodes  {rate:8.0f} decisions/s  {used:5.2f} µs of Redis's CPU each")
        finally:
            for node in [*single, *cluster]:
                node.stop()
    return figures(rates, cpu)


def join(nodes):
    """Introduces the nodes to each other and waits until all of them know every slot."""
    for other in nodes[1:]:
        bus = other.client("CONFIG", "GET", "cluster-port")[1].decode()
        nodes[0].client("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
    deadline = time.monotonic() + 30
    while not all(b"cluster_state:ok" in info and b"cluster_slots_ok:16384" in info
                  for info in (node.client("CLUSTER", "INFO") for node in nodes)):
        if time.monotonic() > deadline:
            raise LoadFailure("the three nodes did not become a cluster within 30 s")
        time.sleep(0.1)


def decide(nodes, calls, count):
    """All nodes at once, so many decisions in all: (decisions a second, Redis's CPU in µs for each)."""
    pipelines = [Pipeline(("127.0.0.1", node.port), [calls[node.port]], b"*") for node in nodes]
    try:
        before = sum(cpu_seconds(node.client) for node in nodes)
        done, seconds = drive(pipelines, count)
        return done / seconds, (sum(cpu_seconds(node.client) for node in nodes) - before) * 1e6 / done
    finally:
        for pipeline in pipelines:
            pipeline.close()


def figures(rates, cpu):
    def ratio(name, of, note=""):
        rounds = Spread.of(three / one for one, three in zip(of[1], of[3]))
        return Figure(name, Spread.of(of[3]).median / Spread.of(of[1]).median, least=rounds.least, most=rounds.most, note=note)
    note = (f"The scripts called directly over TCP, each on the node of its org's slot: {Spread.of(rates[3]).median:.0f} decisions/s "
            f"on three, {Spread.of(rates[1]).median:.0f} on one. Three nodes and the client share the "
            f"{os.cpu_count()} cores of this machine, so what counts is that a decision costs no more CPU on a cluster.")
    return [ratio("decisions on 3 Redis Cluster nodes ÷ 1", rates, note),
            ratio("Redis CPU per decision, 3 cluster nodes ÷ 1", cpu)]


def org_in(tag, slots):
    """A hash tag like `tag` whose slot lies in the range."""
    for number in range(100_000):
        own = tag[:-5] + b"%05d" % number
        if slots[0] <= slot(own) <= slots[1]:
            return own
    raise LoadFailure(f"found no hash tag in slots {slots}")


def slot(tag):
    """CRC-16 (XMODEM) as Redis Cluster uses it, modulo the number of slots."""
    crc = 0
    for byte in tag:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc % SLOTS
