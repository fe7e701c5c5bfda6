"""Private nodes of a Redis Cluster on free ports of 127.0.0.1, and a client that sends each command where its key is."""

import os
import signal
import time

from .load import LoadFailure
from .processes import Process, free_port, program
from .redis import RedisClient, cpu_seconds

NODES, SLOTS = 3, 16384
#: After which a silent node counts as failed; the most of what a failover takes.
NODE_TIMEOUT_MS = 2_000
WIDTH = SLOTS // NODES + 1
RANGES = [(at, min(at + WIDTH, SLOTS) - 1) for at in range(0, SLOTS, WIDTH)]


class Node:
    """One redis-server on a TCP port; a cluster's member if it is given slots, or is to be a replica."""

    def __init__(self, folder, number, slots=None, cpus=None, is_replica=False):
        self.port = free_port()
        self.slots = slots
        self._path = folder / f"node-{number}.sock"
        words = [program("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self._path,
                 "--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "no"]
        if slots or is_replica:
            words += ["--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-config-file",
                      folder / f"node-{number}.conf", "--cluster-require-full-coverage", "no",
                      "--cluster-node-timeout", NODE_TIMEOUT_MS, "--repl-diskless-sync-delay", "0"]
        self._process = Process(f"node-{number}", words, folder, cpus)
        self._process.wait_until(self._answers)
        self.client = RedisClient(self._path)
        if slots or is_replica:
            self.id = self.client("CLUSTER", "MYID").decode()
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

    def cpu_seconds(self):
        return cpu_seconds(self.client)

    def script_calls(self):
        lines = self.client("INFO", "commandstats").decode().splitlines()
        return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in lines if line.startswith("cmdstat_evalsha:"))

    def role(self):
        return self.client("ROLE")[0].decode()

    def kill(self):
        """SIGKILL."""
        os.kill(self._process.pid, signal.SIGKILL)

    def stop(self):
        self.client.close()
        self._process.stop()


class Routed:
    """Commands to the node of their first key; KEYS to all."""

    def __init__(self, nodes):
        self._nodes = nodes

    def __call__(self, name, key, *words):
        if name == "KEYS":
            return [found for node in self._nodes for found in node.client(name, key)]
        key = key.encode() if isinstance(key, str) else key
        number = slot(hash_tag(key))
        node = next(node for node in self._nodes if node.slots is None or node.slots[0] <= number <= node.slots[1])
        return node.client(name, key, *words)


def url(nodes):
    """As a gateway's configuration names them."""
    places = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    return f"redis-cluster://{places}" if nodes[0].slots else f"redis://{places}"


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


def hash_tag(key):
    """The part of a key that its slot is made of."""
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    return key[start + 1:end] if start >= 0 and end > start + 1 else key
