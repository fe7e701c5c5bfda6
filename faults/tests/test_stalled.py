"""The verdict on a standstill of Redis."""

import contextlib
import io
import unittest

from harness.ledgers import Attempt
from harness.stalled import judge


class StalledTests(unittest.TestCase):
    """Redis stands still from 5 to 10; the deadline is 50 ms."""

    def attempts(self, stopped_local=(0.06, 200, ""), stopped_deny=(0.06, 503, "limiter-unavailable"), after=(0.01, 200, "")):
        made = []
        for tenth in range(0, 200):
            at = tenth / 10
            for route in ("get", "deny"):
                seconds, status, problem = (0.01, 200, "") if at < 5 else after if at >= 10 else \
                    stopped_local if route == "get" else stopped_deny
                made.append(Attempt(len(made) + 1, route, "o", "k", "gateway-1", at, at + seconds, ending="complete",
                                    status=status, problem=problem))
        return made

    def failures(self, **changed):
        with contextlib.redirect_stdout(io.StringIO()):
            return judge(self.attempts(**changed), 5, 10, 50)

    def test_what_is_right_holds(self):
        self.assertEqual(self.failures(), [])

    def test_an_answer_that_waits_too_long(self):
        self.assertEqual(len(self.failures(stopped_local=(0.11, 200, ""))), 1)
        self.assertEqual(len(self.failures(stopped_deny=(0.11, 503, "limiter-unavailable"))), 1)

    def test_a_deny_route_that_serves_without_redis(self):
        self.assertEqual(len(self.failures(stopped_deny=(0.01, 200, ""))), 1)

    def test_a_gateway_that_does_not_come_back(self):
        self.assertEqual(len(self.failures(after=(0.01, 503, "limiter-unavailable"))), 2)


if __name__ == "__main__":
    unittest.main()
