"""A private Redis on a unix socket, and the few lines of client that preparing and checking need."""

import socket

from .processes import Process, first_line, program

PACKAGES = {"redis-server": "redis-server"}


class RedisError(Exception):
    pass


class RedisClient:
    """Sends one command at a time and waits for its reply. Replies are bytes, int, list or None."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(str(path))
        self._input = self._socket.makefile("rb")

    def __call__(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        self._socket.sendall(head + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self.read()

    def read(self):
        """The next reply, or under MONITOR the next line."""
        line = self._input.readline()
        kind, rest = line[:1], line[1:].rstrip(b"\r\n")
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._input.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise RedisError(rest.decode(errors="replace") or "the connection to Redis was closed")

    def close(self):
        self._input.close()
        self._socket.close()


class RedisServer:
    """`redis-server` with its data in memory only, reached through `socket_path`."""

    def __init__(self, folder, cpus=None):
        self.socket_path = folder / "redis.sock"
        self._process = Process("redis", [
            program("redis-server"), "--port", "0", "--unixsocket", self.socket_path, "--unixsocketperm", "777",
            "--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "no", "--io-threads", "1",
        ], folder, cpus)
        self._process.wait_until(self._answers)
        self.client = RedisClient(self.socket_path)

    @property
    def pid(self):
        return self._process.pid

    def _answers(self):
        try:
            client = RedisClient(self.socket_path)
        except OSError:
            return False
        try:
            return client("PING") == b"PONG"
        except RedisError:
            return False
        finally:
            client.close()

    def script_calls(self):
        """EVALSHA and FCALL commands served so far."""
        calls = 0
        for line in self.client("INFO", "commandstats").decode().splitlines():
            if line.startswith(("cmdstat_evalsha:", "cmdstat_fcall:")):
                calls += int(line.partition("calls=")[2].partition(",")[0])
        return calls

    def reads(self):
        """Reads from clients so far."""
        lines = self.client("INFO", "stats").decode().splitlines()
        return int(next(line.partition(":")[2] for line in lines if line.startswith("total_reads_processed:")))

    def cpu_seconds(self):
        """User and system time so far."""
        return cpu_seconds(self.client)

    def stop(self):
        self.client.close()
        self._process.stop()

    @staticmethod
    def version():
        return first_line(program("redis-server"), "--version")


def cpu_seconds(client):
    """User and system time of the server behind `client` so far, finer than /proc tells it."""
    lines = dict(line.split(":", 1) for line in client("INFO", "cpu").decode().splitlines() if ":" in line)
    return float(lines["used_cpu_user"]) + float(lines["used_cpu_sys"])
