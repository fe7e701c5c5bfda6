"""Planted differences are found, each in its row; what is right is left alone."""

import hashlib
import unittest

from harness.compare import Comparison, compare
from harness.ledgers import Claim, ShareSample
from harness.stack import CAPACITY

from .world import KEY, ORG, World


class CompareTests(unittest.TestCase):
    def setUp(self):
        self.world = World()

    def expect(self, **rows):
        """The counts by row (with spaces and commas as underscores); every other row is 0."""
        comparison = compare(self.world.ledgers)
        found = {row: comparison.count(row) for row in Comparison.ROWS}
        names = {row.replace(", ", "_").replace(" ", "_").replace("-", "_"): row for row in Comparison.ROWS}
        self.assertEqual(found, {row: rows.get(name, 0) for name, row in names.items()}, comparison.differences)
        return comparison

    def test_a_clean_run_has_no_difference(self):
        self.world.ask("get", 1)
        self.world.ask("post", 2, units=700)
        first = self.world.ask("op", 3, operation="k", units=5)
        self.world.replay(first, 4)
        self.world.ask("stream", 5, tokens=30)
        self.world.ask("deny", 6, executes=False, status=503, problem="limiter-unavailable")
        self.expect()

    # Executed twice

    def test_a_key_that_is_executed_twice(self):
        for at in (1, 2):
            self.world.ask("op", at, operation="k")
        comparison = self.expect(executed_twice=1)
        self.assertTrue(any("executed as x2" in line for line in comparison.differences[0].story))

    def test_a_key_that_redis_forgot_is_excused(self):
        self.world.ask("op", 1, operation="k")
        self.world.fault("redis-empty", 2, forgets_since=float("-inf"))
        self.world.ask("op", 4, operation="k")
        self.expect()

    def test_a_copy_older_than_the_claim_excuses_and_a_newer_one_does_not(self):
        self.world.ask("op", 5, operation="k")
        older = self.world.fault("redis-older", 8, forgets_since=4)
        self.world.ask("op", 10, operation="k")
        self.expect()
        older.forgets_since = 6
        self.expect(executed_twice=1)

    def test_a_durable_key_is_never_excused(self):
        self.world.ask("durable", 1, operation="k")
        self.world.fault("redis-empty", 2, forgets_since=float("-inf"))
        self.world.ask("durable", 4, operation="k")
        self.expect(executed_twice=1)

    def test_a_post_without_a_key_is_sent_once_and_a_get_may_be_sent_again(self):
        post, get = self.world.ask("post", 1), self.world.ask("get", 2)
        self.world.execute(get)
        self.expect()
        self.world.execute(post)
        self.expect(executed_twice=1)

    # Lost and doubled

    def test_usage_that_was_served_and_not_counted(self):
        self.world.ask("get", 1)
        self.world.ask("get", 2, counts=False)
        self.expect(lost=1)

    def test_units_that_are_missing_name_their_request(self):
        for number in range(30):
            self.world.ask("post", 1 + number, units=10)
        self.world.ask("post", 40, units=333, counts=False)
        self.world.count("post")
        comparison = self.expect(lost=333)
        self.assertTrue(any("#31 " in line for line in comparison.differences[0].story))

    def test_usage_that_is_counted_twice(self):
        self.world.ask("get", 1)
        self.world.count("get")
        self.expect(doubled=1)

    def test_usage_that_nobody_asked_for(self):
        self.world.postgres.meters[ORG, "key_other", "gets"] = 3
        self.expect(doubled=3)

    def test_a_refusal_that_was_counted(self):
        self.world.ask("get", 1, executes=False, counts=True, status=503, problem="limiter-unavailable")
        self.expect(doubled=1)

    def test_a_replay_that_was_counted(self):
        self.world.replay(self.world.ask("op", 1, operation="k"), 2, counts=True)
        self.expect(doubled=1)

    def test_an_answer_that_only_a_replay_brought_counts_once(self):
        first = self.world.ask("op", 1, operation="k", ending="dropped", status=0, units=7)
        self.world.replay(first, 2)
        self.expect()
        self.world.postgres.meters.clear()
        self.expect(lost=8)

    def test_a_dropped_connection_may_count_once_and_not_twice(self):
        self.world.fault("gateway-kill", 1, target="gateway-1")
        self.world.ask("get", 0.9, seconds=0.15, ending="dropped", status=0, counts=False)
        self.expect()
        self.world.count("get")
        self.expect()
        self.world.count("get")
        self.expect(doubled=1)

    def test_a_stream_that_its_client_left_counts_what_was_delivered(self):
        attempt = self.world.ask("stream", 1, ending="aborted", tokens=9, counts=False)
        self.world.executions[0].tokens = 60
        self.expect(lost=10)
        self.world.count("stream", tokens=12)
        self.expect()
        self.world.fault("gateway-kill", attempt.ended + 1, target=attempt.gateway)
        self.world.postgres.meters.clear()
        self.expect()

    def test_a_keyed_stream_that_its_client_left_counts_whole(self):
        self.world.ask("opstream", 1, ending="aborted", tokens=9, operation="k", counts=False)
        self.world.executions[0].tokens = 60
        self.world.count("opstream", tokens=9)
        self.expect(lost=51)

    # Stuck

    def test_a_client_that_never_got_a_final_answer(self):
        self.world.ask("op", 1, executes=False, operation="k", status=409, problem="idempotency-in-progress")
        self.world.unresolved.add("k")
        self.expect(stuck=1)

    def test_a_claim_that_is_still_open(self):
        self.world.ask("op", 1, operation="k")
        self.world.redis.open_claims.append(Claim(hashlib.sha256(b"k").hexdigest(), 12.0))
        self.expect(stuck=1)

    def test_a_claim_that_was_left_by_a_gateway_which_lives(self):
        self.world.ask("op", 1, operation="k")
        self.world.redis.expired_claims.append(Claim(hashlib.sha256(b"k").hexdigest(), -1.0))
        self.expect(stuck=1)
        self.world.fault("gateway-kill", 1.005, target="gateway-1")
        self.expect()

    def test_a_claim_that_an_older_copy_brought_back(self):
        self.world.ask("op", 1, operation="k")
        self.world.redis.expired_claims.append(Claim(hashlib.sha256(b"k").hexdigest(), -1.0))
        self.world.fault("redis-older", 8, forgets_since=0.9)
        self.expect()

    def test_an_unknown_outcome_needs_a_dead_gateway(self):
        self.world.ask("op", 1, executes=False, operation="k", status=409, problem="idempotency-outcome-unknown")
        self.expect(stuck=1)
        self.world.ask("op", 0.5, executes=False, operation="k", ending="dropped", status=0)
        self.world.fault("gateway-kill", 0.505, target="gateway-1")
        self.expect()

    def test_leases_and_other_counts_that_are_open(self):
        self.world.redis.open_leases.append(("tg:c:{org_a}", 2))
        self.world.open_counts.append(("requests in flight at gateway-1", 1))
        self.expect(stuck=3)

    # Over-admitted

    def test_more_than_the_capacity_while_redis_is_up(self):
        for number in range(CAPACITY + 1):
            self.world.ask("scarce", number / 10)
        self.expect(over_admitted_Redis_up=1)

    def test_more_than_the_bound_while_redis_is_away(self):
        self.world.fault("redis-kill", 0.2, forgets_since=-1.8)
        for number in range(2 * CAPACITY):
            self.world.ask("scarce", number / 100)
        self.expect()
        self.world.ask("scarce", 2)
        self.expect(over_admitted_Redis_away=1)
        # One that starts anew adds nothing: what its predecessor held is not there again.
        self.world.fault("gateway-kill", 0.5, target="gateway-1")
        self.expect(over_admitted_Redis_away=1)

    def test_the_bound_is_what_the_gateways_export(self):
        self.world.fault("redis-kill", 0.05, forgets_since=-1.8)
        self.world.shares.pop()
        for number in range(CAPACITY + CAPACITY // 2):
            self.world.ask("scarce", number / 100)
        self.expect()
        self.world.ask("scarce", 2)
        self.expect(over_admitted_Redis_away=1)

    def test_a_gateway_that_spends_more_than_it_says(self):
        self.world.shares.append(ShareSample(1.0, "gateway-1", "scarce", 5.0, 5.0))
        self.expect()
        self.world.shares.append(ShareSample(2.0, "gateway-1", "scarce", 5.0, 6.0))
        self.expect(over_admitted_Redis_away=1)

    def test_a_route_that_denies_never_admits_more(self):
        self.world.fault("redis-stop", 0.2)
        for number in range(CAPACITY + 1):
            self.world.ask("scarcedeny", number / 10)
        self.expect(over_admitted_Redis_up=1)

    def test_an_empty_redis_starts_with_full_buckets(self):
        self.world.fault("redis-empty", 0.5, forgets_since=float("-inf"))
        for number in range(2 * CAPACITY):
            self.world.ask("scarcedeny", number / 10)
        self.expect()

    # The rest

    def test_a_counter_that_was_not_recorded(self):
        name = ("e", ORG, KEY, "gets")
        self.world.redis.counters[name] = [5, 1]
        self.world.postgres.counters[name] = [5, 1]
        self.expect()
        self.world.postgres.counters[name] = [4, 1]
        self.expect(Redis_ahead_of_PostgreSQL=1)

    def test_a_valid_key_that_is_refused_and_an_internal_error(self):
        self.world.ask("get", 1, executes=False, status=401, problem="api-key-invalid")
        self.world.ask("get", 2, executes=False, status=500, problem="internal-error")
        self.expect(valid_key_refused=1, internal_error=1)

    def test_a_process_that_ended_by_itself(self):
        self.world.crashes.append(("gateway-1", 1.0, "Fatal error"))
        self.assertEqual(self.expect(crashed=1).differences[0].story, ["Fatal error"])


if __name__ == "__main__":
    unittest.main()
