"""The client tells exactly how an answer ended, against the harness's own upstream."""

import asyncio
import json
import tempfile
import unittest
from pathlib import Path

from harness.http import Pool, exchange, request_bytes
from harness.ledgers import Attempt
from harness.stores import read_executions
from harness.upstream import Upstream


class HTTPTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory(prefix="faults-test-")
        self.addCleanup(folder.cleanup)
        self.ledger = Path(folder.name) / "ledger"
        self.server = await asyncio.start_server(Upstream(self.ledger).serve, "127.0.0.1", 0)
        self.pool = Pool(self.server.sockets[0].getsockname()[1])

    async def asyncTearDown(self):
        self.pool.close()
        self.server.close()

    async def ask(self, mode, seconds=5, leaves_after=None, path="/v1/op"):
        attempt = Attempt(4, "op", "org", "key", "gateway-1", 0)
        request = request_bytes("POST", path, {"X-Attempt": 4, "X-Mode": mode, "X-Want-Units": 9,
                                               "Idempotency-Key": "k"}, b"{}")
        await exchange(self.pool, attempt, request, seconds, leaves_after)
        return attempt

    def executions(self):
        return read_executions([json.loads(line) for line in self.ledger.read_text().splitlines()], 0)

    async def test_whole_answers_on_one_connection(self):
        first, second = await self.ask("ok"), await self.ask("status=404")
        self.assertEqual((first.ending, first.status, first.units), ("complete", 200, 9))
        self.assertEqual((second.ending, second.status), ("complete", 404))
        done = self.executions()
        self.assertEqual([each.name for each in done], [first.execution, second.execution])
        self.assertEqual((done[0].attempt, done[0].operation, done[0].route), (4, "k", "op"))

    async def test_an_answer_that_breaks_off(self):
        self.assertEqual((await self.ask("truncate")).ending, "truncated")
        self.assertEqual((await self.ask("reset")).ending, "dropped")
        self.assertEqual(len(self.executions()), 2)

    async def test_an_answer_that_takes_too_long(self):
        self.assertEqual((await self.ask("slow=5", seconds=0.05)).ending, "timeout")

    async def test_a_busy_upstream_executes_nothing(self):
        self.assertEqual((await self.ask("busy")).status, 503)
        self.assertEqual(self.executions(), [])

    async def test_a_stream_to_its_end_and_one_that_its_client_leaves(self):
        whole = await self.ask("events=5,0")
        self.assertEqual((whole.ending, whole.tokens), ("complete", 15))
        left = await self.ask("events=50,0.01", leaves_after=3)
        self.assertEqual(left.ending, "aborted")
        self.assertGreaterEqual(left.tokens, 9)

    async def test_nobody_listens(self):
        self.server.close()
        await self.server.wait_closed()
        self.assertEqual((await self.ask("ok")).ending, "refused")


if __name__ == "__main__":
    unittest.main()
