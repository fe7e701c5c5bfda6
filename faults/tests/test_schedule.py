"""A seed decides everything, and any rate is met."""

import unittest

from harness.load import ROUTES, arrivals
from harness.schedule import KINDS, plan


class ScheduleTests(unittest.TestCase):
    def test_a_seed_is_a_schedule(self):
        self.assertEqual(plan(7, 120, 24), plan(7, 120, 24))
        self.assertNotEqual(plan(7, 120, 24), plan(8, 120, 24))

    def test_ten_minutes_have_more_than_two_hundred_faults_of_every_kind(self):
        planned = plan(1, 600, 24)
        self.assertEqual(len(planned), 240)
        self.assertEqual({each.kind for each in planned}, set(KINDS))
        self.assertEqual(planned, sorted(planned, key=lambda each: each.at))
        self.assertTrue(all(5 <= each.at <= 595 for each in planned))

    def test_only_the_kinds_that_were_asked_for(self):
        self.assertEqual({each.kind for each in plan(1, 60, 10, ("redis-stop",))}, {"redis-stop"})

    def test_arrivals_are_steady_and_decided_by_the_seed(self):
        first = list(arrivals(3, 50, 100, orgs=3))
        self.assertEqual(first, list(arrivals(3, 50, 100, orgs=3)))
        self.assertAlmostEqual(len(first), 5_000, delta=400)
        self.assertEqual({each.route for each in first}, set(ROUTES))


if __name__ == "__main__":
    unittest.main()
