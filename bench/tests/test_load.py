"""The load generator against small servers that behave, and some that do not."""

import asyncio
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent.parent / "load" / ".build" / "release" / "tollgate-load"


class Server:
    """HTTP/1.1 on a free port; `answer(number, head)` gives the bytes for the request with that number, or an async
    generator of them."""

    def __init__(self, answer):
        self._answer, self._ready, self.served = answer, threading.Event(), 0
        self._writers = []

    def __enter__(self):
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self._ready.wait(10)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._over.set)

    async def _run(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(fields.get("content-length", 0)))
                self.served += 1
                answer = self._answer(self.served, fields)
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    async for piece in answer:
                        writer.write(piece)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def response(status=200, body=b"ok", more=""):
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class LoadTests(unittest.TestCase):
    def load(self, url, scenario, *words):
        """(exit status, what was printed, the JSON)."""
        self.assertTrue(PROGRAM.is_file(), f"there is no {PROGRAM}: bench/test builds it")
        with tempfile.TemporaryDirectory() as folder:
            file, result = Path(folder) / "scenario.yaml", Path(folder) / "result.json"
            file.write_text(scenario)
            done = subprocess.run(
                [PROGRAM, file, "--url", url, "--key", "k", "--json", result, "--report", Path(folder) / "report.html", *words],
                capture_output=True, text=True, timeout=120, check=False)
            report = json.loads(result.read_text()) if result.exists() else None
            return done.returncode, done.stdout + done.stderr, report

    def test_a_request_that_cannot_be_sent_in_time_is_as_late_as_a_user_finds_it(self):
        def answer(number, _):
            if number == 100:
                time.sleep(1)  # everything stands still
            return response()
        with Server(answer) as url:
            status, said, report = self.load(
                url, "requests: [{path: /}]\nload: {loop: open, rate: 200, for: 3s, connections: 4}")
        self.assertEqual(status, 0, said)
        self.assertEqual(report["admitted"], 600)
        late = {each["percentile"]: each["ms"] for each in report["latency"]}
        # A third of all was due while nothing moved; four connections would have seen four slow answers.
        self.assertGreater(late[90], 300, said)
        self.assertGreater(late[99], 800, said)

    def test_a_report_goes_into_what_is_there_and_takes_nothing_s_place(self):
        with tempfile.TemporaryDirectory() as folder, Server(lambda number, _: response()) as url:
            pipe, link, behind = (Path(folder) / name for name in ("pipe", "link", "behind"))
            os.mkfifo(pipe)
            link.symlink_to(behind)
            behind.write_text("x" * 1_000_000)
            # Both ends, so that neither waits for the other.
            read = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            status, said, _ = self.load(
                url, "requests: [{path: /}]\nload: {loop: open, rate: 20, for: 500ms, connections: 1}",
                "--json", pipe, "--report", link)
            self.assertEqual(status, 0, said)
            self.assertTrue(pipe.is_fifo())
            self.assertEqual(json.loads(os.read(read, 1 << 20))["sent"], 10)
            self.assertTrue(link.is_symlink())
            self.assertTrue(behind.read_text().endswith("</html>\n"), behind.read_text()[-100:])
            os.close(read)

    def test_a_gateway_that_admits_too_much_is_found_out(self):
        scenario = ("requests: [{path: /}]\nload: {loop: open, rate: 100, for: 1s, connections: 4}\n"
                    "limits: [{capacity: 10, refill: 1 per 1s}]")
        with Server(lambda number, _: response(200 if number <= 10 else 429)) as url:
            status, said, _ = self.load(url, scenario)
            self.assertEqual(status, 0, said)
        with Server(lambda number, _: response()) as url:
            status, said, report = self.load(url, scenario)
            self.assertEqual(status, 1, said)
            self.assertIn("too many", said)
            self.assertEqual([each["isMet"] for each in report["checks"] if each["name"] == "limit"], [False])

    def test_a_gateway_that_executes_twice_is_found_out(self):
        scenario = ("requests: [{method: POST, path: /, body: '{n}', repetitions: 3}]\n"
                    "load: {loop: open, rate: 60, for: 1s, connections: 4}")
        known = {}

        def honest(number, fields):
            stored = known.setdefault(fields["idempotency-key"], number)
            return response(201, str(stored).encode(), "" if stored == number else "Idempotent-Replayed: true\r\n")
        with Server(honest) as url:
            status, said, _ = self.load(url, scenario)
            self.assertEqual(status, 0, said)
            self.assertIn("originals, 40 replays, each equal", said)
        with Server(lambda number, _: response(201, b"x")) as url:
            status, said, _ = self.load(url, scenario)
            self.assertEqual(status, 1, said)
            self.assertIn("EXECUTED AGAIN", said)

    def test_event_streams_are_read_to_their_end(self):
        async def stream():
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            for _ in range(3):
                yield b"9\r\ndata: 1\n\n\r\n"
                await asyncio.sleep(0.01)
            yield b"0\r\n\r\n"
        with Server(lambda number, _: stream()) as url:
            status, said, report = self.load(
                url, "requests: [{path: /, events: true}]\nload: {loop: closed, for: 1s, connections: 3}")
        self.assertEqual(status, 0, said)
        self.assertGreater(report["eventStreams"], 0)
        self.assertEqual(report["events"], 3 * report["eventStreams"])

    def test_usage_is_held_against_what_was_served(self):
        scenario = "requests: [{path: /}]\nload: {loop: open, rate: 50, for: 1s, connections: 2}"
        server = Server(lambda number, _: response())
        with server as url, tempfile.NamedTemporaryFile("w", suffix=".txt") as count:
            count.write("0")
            count.flush()
            status, said, _ = self.load(url, scenario, "--usage", f"cat {count.name}", "--usage-within", "1s")
        self.assertEqual(status, 1, said)
        self.assertIn("0 metered, 50 served", said)

    def test_what_cannot_be_run_is_said(self):
        for url, scenario, expected in (
                ("https://x", "requests: [{path: /}]\nload: {loop: closed, for: 1s}", "http://"),
                ("http://127.0.0.1:1", "requests: [{path: /}]\nload: {loop: closed, for: 1s}", "cannot connect"),
                ("http://x", "requests: [{path: x}]\nload: {loop: closed, for: 1s}", ".yaml:1: request")):
            status, said, _ = self.load(url, scenario)
            self.assertEqual(status, 2, said)
            self.assertIn(expected, said)


if __name__ == "__main__":
    unittest.main()
