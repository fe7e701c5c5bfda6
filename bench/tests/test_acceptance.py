"""The acceptance checks pass against a gateway that behaves, and fail against one that does not."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from .stub_gateway import SharedState, StubGateway

BENCH = Path(__file__).resolve().parent.parent


def run(words, **environment):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **environment})


class AcceptanceTests(unittest.TestCase):
    def verdict(self, done, succeeds):
        self.assertEqual(done.returncode, 0 if succeeds else 1, done.stdout + done.stderr)

    def post_many(self, *faults):
        with StubGateway(SharedState(faults=faults)) as gateway:
            return run([BENCH / "acceptance/one-idempotency-key.sh"], TOLLGATE_URL=gateway.url, TOLLGATE_KEY="k",
                       REQUESTS="60", AT_ONCE="16")

    def test_one_key_is_executed_once(self):
        self.verdict(self.post_many(), succeeds=True)

    def test_a_second_execution_is_noticed(self):
        done = self.post_many("executes-twice")
        self.verdict(done, succeeds=False)
        self.assertIn("FAILED  executed: 2, expected 1", done.stdout)

    def share_bucket(self, *faults):
        state = SharedState(tokens=10, faults=faults)
        with StubGateway(state) as first, StubGateway(state) as second:
            return run([BENCH / "acceptance/one-bucket.sh", first.url, second.url, "k", "10"], CLIENTS="40")

    def test_exactly_the_capacity_passes(self):
        self.verdict(self.share_bucket(), succeeds=True)

    def test_one_more_is_noticed(self):
        self.verdict(self.share_bucket("admits-one-more"), succeeds=False)

    def revoke(self, *faults):
        state = SharedState(faults=faults)
        with StubGateway(state) as first, StubGateway(state) as second:
            return run([BENCH / "acceptance/revoked-key.sh", first.url, second.url, "k",
                        "curl", "--silent", f"{first.url}/revoke"], SECONDS_BEFORE="0.5", SECONDS_AFTER="0.5")

    def test_a_revoked_key_is_refused_at_both(self):
        self.verdict(self.revoke(), succeeds=True)

    def test_a_stale_key_is_noticed(self):
        self.verdict(self.revoke("stale-key"), succeeds=False)

    def stream(self, *faults):
        with StubGateway(SharedState(faults=faults)) as gateway:
            return run([sys.executable, BENCH / "stream-check", gateway.url, "k", os.getpid(), "--bytes", "5000001",
                        "--slow-seconds", "0.3", "--growth-max", "500"])

    def test_streams_arrive_whole(self):
        done = self.stream()
        self.verdict(done, succeeds=True)
        self.assertEqual(done.stdout.count("flat"), 4, done.stdout)

    def test_changed_bytes_are_noticed(self):
        done = self.stream("loses-bytes")
        self.verdict(done, succeeds=False)
        self.assertIn("received other bytes than were sent", done.stdout)


if __name__ == "__main__":
    unittest.main()
