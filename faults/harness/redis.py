"""A few lines of Redis client."""

import socket


class RedisError(Exception):
    pass


class RedisClient:
    """Sends one command at a time and waits for its reply. Replies are bytes, int, list or None."""

    def __init__(self, path, seconds=10):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        self._socket.connect(str(path))
        self._input = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self._input.close()
        self._socket.close()

    def __call__(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        self._socket.sendall(head + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self._read()

    def _read(self):
        line = self._input.readline()
        kind, rest = line[:1], line[1:].rstrip(b"\r\n")
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._input.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._read() for _ in range(int(rest))]
        raise RedisError(rest.decode(errors="replace") or "the connection to Redis was closed")

    def scan(self, pattern):
        cursor = b"0"
        while True:
            cursor, names = self("SCAN", cursor, "MATCH", pattern, "COUNT", 1_000)
            yield from names
            if cursor == b"0":
                return

    def hash(self, name):
        values = self("HGETALL", name)
        return {field.decode(): value.decode() for field, value in zip(values[::2], values[1::2])}


def answers(path):
    try:
        with RedisClient(path, seconds=0.5) as client:
            return client("PING") == b"PONG"
    except (OSError, RedisError):
        return False
