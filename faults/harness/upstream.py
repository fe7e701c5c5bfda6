"""The upstream that keeps a ledger: every execution is a line in a file before a byte of its answer is written, so that
killing this process forgets nothing. Run as `python3 -m harness.upstream PORT LEDGER`.

The request says how it wants to be treated, in X-Mode: `ok`; `slow=0.5` answers so much later; `status=404`; `busy`
answers 503 and executes nothing; `truncate` breaks off within the body, `reset` before the head; `events=20,0.01` is an
event stream of so many events with pauses.
"""

import asyncio
import json
import os
import signal
import sys
import time


class Upstream:
    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._count = 0

    def execute(self, fields, path, status=200, units=0, tokens=0):
        """Writes the execution down, and returns its name."""
        self._count += 1
        name = f"x{os.getpid()}.{self._count}"
        line = json.dumps({
            "name": name, "attempt": int(fields.get("x-attempt", "0")), "operation": fields.get("idempotency-key"),
            "route": path, "at": time.monotonic(), "status": status, "units": units, "tokens": tokens})
        os.write(self._file, line.encode() + b"\n")
        return name

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                fields = {name.lower(): value.strip() for name, _, value in
                          (line.partition(":") for line in lines[1:] if line)}
                if fields.get("content-length", "0") != "0":
                    await reader.readexactly(int(fields["content-length"]))
                if not await self._answer(lines[0].split(" ")[1], fields, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _answer(self, path, fields, writer):
        """Returns whether the connection goes on."""
        kind, _, value = fields.get("x-mode", "ok").partition("=")
        units = int(fields.get("x-want-units", "0"))
        if kind == "busy":
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        if kind == "events":
            await self._events(path, fields, writer, *value.split(","))
            return True
        status = int(value) if kind == "status" else 200
        name = self.execute(fields, path, status, units)
        if kind == "slow":
            await asyncio.sleep(float(value))
        if kind == "reset":
            writer.transport.abort()
            return False
        body = json.dumps({"execution": name, "pad": "." * 64}).encode()
        head = (f"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                f"X-Execution: {name}\r\nX-Units: {units}\r\n\r\n").encode()
        if kind == "truncate":
            writer.write(head + body[:20])
            await writer.drain()
            writer.close()
            return False
        writer.write(head + body)
        await writer.drain()
        return True

    async def _events(self, path, fields, writer, count, pause):
        total = int(count) * 3
        name = self.execute(fields, path, tokens=total)
        writer.write((f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
                      f"X-Execution: {name}\r\n\r\n").encode())
        for number in range(1, int(count) + 1):
            event = f"id: {number}\ndata: {json.dumps({'execution': name, 'tokens': number * 3})}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(float(pause))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def main(port, path):
    upstream = Upstream(path)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", int(port), backlog=1024)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
    async with server:
        try:
            await server.serve_forever()
        except asyncio.CancelledError:
            return


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
