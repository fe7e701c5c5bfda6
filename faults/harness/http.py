"""HTTP/1.1 as a client of the gateways speaks it: keep-alive connections, and how exactly an answer ended."""

import asyncio
import json


class Pool:
    """Idle connections to one port."""

    def __init__(self, port):
        self.port = port
        self._idle = []

    async def take(self):
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    def give_back(self, connection):
        self._idle.append(connection)

    def close(self):
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


class Aborted(Exception):
    """The client leaves on purpose."""


def request_bytes(method, path, fields, body):
    lines = [f"{method} {path} HTTP/1.1", "Host: faults.example", *(f"{name}: {value}" for name, value in fields.items())]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def exchange(pool, attempt, request, seconds, abort_after=None):
    """Sends `request` and writes into `attempt` what came of it.

    - abort_after: events of a stream after which the client leaves.
    """
    connection = None
    try:
        async with asyncio.timeout(seconds):
            try:
                connection = await pool.take()
            except OSError:
                attempt.ending = "refused"
                return
            connection[1].write(request)
            reusable = await _read_answer(connection[0], attempt, abort_after)
        attempt.ending = "complete"
        if reusable:
            pool.give_back(connection)
            connection = None
    except TimeoutError:
        attempt.ending = "timeout" if attempt.ending == "open" else attempt.ending
    except Aborted:
        attempt.ending = "aborted"
    except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.LimitOverrunError):
        attempt.ending = "truncated" if attempt.status else "dropped"
    finally:
        if connection:
            connection[1].close()


async def _read_answer(reader, attempt, abort_after):
    """Returns whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    attempt.status = int(head[0].split(" ")[1])
    attempt.problem = fields.get("x-tollgate-error", "")
    attempt.replayed = fields.get("idempotent-replayed") == "true"
    attempt.request_id = fields.get("x-request-id", "")
    attempt.execution = fields.get("x-execution", "")
    attempt.units = int(fields.get("x-units", "0"))
    if fields.get("transfer-encoding") == "chunked":
        await _read_chunks(reader, attempt, abort_after)
    elif attempt.status not in (204, 304):
        body = await reader.readexactly(int(fields["content-length"]))
        if "text/event-stream" in fields.get("content-type", ""):
            Events(attempt).feed(body)
    return fields.get("connection", "").lower() != "close"


async def _read_chunks(reader, attempt, abort_after):
    events = Events(attempt)
    while True:
        size = int((await reader.readuntil(b"\r\n"))[:-2], 16)
        chunk = await reader.readexactly(size + 2)
        if size == 0:
            return
        events.feed(chunk[:-2])
        if abort_after is not None and events.count >= abort_after:
            raise Aborted


class Events:
    """Counts the events of a stream and notes the tokens of the last one. An event that is a problem means that the
    answer is not complete."""

    def __init__(self, attempt):
        self._attempt, self._rest = attempt, b""
        self.count = 0

    def feed(self, data):
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            for line in event.split(b"\n"):
                if line == b"event: error":
                    raise ValueError("the stream ended with a problem")
                if line.startswith(b"data: "):
                    self._attempt.tokens = json.loads(line[6:]).get("tokens", self._attempt.tokens)
            self.count += 1
