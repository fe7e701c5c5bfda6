"""Commands in pipelines over many connections, as the edge's loops send them; the client costs little enough to keep
Redis busy."""

import socket
import time

from .load import LoadFailure

CONNECTIONS, DEPTH = 16, 24


def encoded(words):
    """One command as bytes."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Pipeline:
    """Sockets to one server, and commands that they send in turn, `depth` at a time. `mark` is the byte that every reply
    has once."""

    def __init__(self, address, commands, mark, depth=DEPTH):
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self._mark, self.depth = mark, depth
        whole = [encoded(words) for words in commands]
        turns = max(1, len(whole) // (depth * CONNECTIONS))
        # Each connection has its own part of the commands, cut into batches.
        self._batches = [
            [b"".join(whole[(at + number) % len(whole)] for number in range(depth))
             for at in range(connection * turns * depth, (connection + 1) * turns * depth, depth)]
            for connection in range(CONNECTIONS)]
        self._turn = 0
        self._sockets = []
        for _ in range(CONNECTIONS):
            connection = socket.socket(family)
            connection.settimeout(30)
            connection.connect(address)
            self._sockets.append(connection)

    def send(self):
        """A batch on every connection."""
        for connection, batches in zip(self._sockets, self._batches):
            connection.sendall(batches[self._turn % len(batches)])

    def receive(self, goes_on):
        """The replies to it; if it goes on, each connection gets its next batch at once."""
        self._turn += 1
        for connection, batches in zip(self._sockets, self._batches):
            seen = 0
            while seen < self.depth:
                data = connection.recv(1 << 18)
                if not data or data[:1] == b"-":
                    raise LoadFailure(f"Redis answered {data[:200]!r}")
                seen += data.count(self._mark)
            if goes_on:
                connection.sendall(batches[self._turn % len(batches)])

    def close(self):
        for connection in self._sockets:
            connection.close()


def drive(pipelines, count):
    """About so many commands, spread over the pipelines: (how many it were, seconds)."""
    in_turn = sum(CONNECTIONS * pipeline.depth for pipeline in pipelines)
    batches = max(2, count // in_turn)
    began = time.monotonic()
    for pipeline in pipelines:
        pipeline.send()
    # While one connection's replies are read, the others' batches are being worked on.
    for number in range(batches):
        for pipeline in pipelines:
            pipeline.receive(goes_on=number + 1 < batches)
    return batches * in_turn, time.monotonic() - began
