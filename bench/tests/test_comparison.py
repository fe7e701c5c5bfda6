"""The parts of the comparison that can be wrong without anyone noticing."""

import random
import unittest
import unittest.mock
import zlib

from comparison import checks, figures, report, rounds
from comparison.figures import Bar
from comparison.load import LoadOutcome
from comparison.peers.tollgate import CONFIGURATION
from comparison.rounds import Sample
from comparison.workload import ANSWER, BASE62, Workload, make_key


def sample(peer, number, cpu_us, requests=1000):
    outcome = LoadOutcome(requests=requests, seconds=1.0, p50_ms=1, p99_ms=2, refused=0, broken=0, timeouts=0, cpu_seconds=0)
    return Sample(peer, number, outcome, user_seconds=0, system_seconds=cpu_us * requests / 1e6, script_calls=requests, redis_reads=1,
                  foreign_share=0)


class StubPeer:
    def __init__(self, name, label=None, metered=()):
        self.name, self.label, self._metered = name, label or name, list(metered)
        self.workload = Workload.with_keys(1, connections=64)

    def metered(self):
        return self._metered.pop(0) if len(self._metered) > 1 else self._metered[0]


class PeerTests(unittest.TestCase):
    def test_what_is_measured_stays_out_of_the_machines_journal(self):
        self.assertIn("\njournal:\n  folder: {folder}/", CONFIGURATION)


class FigureTests(unittest.TestCase):
    def setUp(self):
        self.samples = [sample("ours", 1, 30), sample("theirs", 1, 75), sample("ours", 2, 50), sample("theirs", 2, 80),
                        sample("ours", 3, 40), sample("theirs", 3, 200)]
        self.summary = figures.summarize([StubPeer("ours"), StubPeer("theirs")], self.samples)

    def ratio(self, **bar):
        return figures.ratios([Bar("CPU", "ours", "theirs", "cpu_us", **bar)], self.summary, self.samples)[0]

    def test_medians_and_spread(self):
        self.assertAlmostEqual(self.summary["ours"].cpu_us.median, 40)
        self.assertAlmostEqual(self.summary["ours"].cpu_us.least, 30)
        self.assertAlmostEqual(self.summary["ours"].cpu_us.most, 50)

    def test_a_ratio_is_the_median_of_the_ratios_within_each_round(self):
        ratio = self.ratio(at_most=0.5)
        # The ratio of the medians would be a half.
        self.assertAlmostEqual(ratio.value, 0.4)
        self.assertAlmostEqual(ratio.by_round.least, 0.2)
        self.assertAlmostEqual(ratio.by_round.most, 50 / 80)

    def test_bars(self):
        self.assertEqual(self.ratio(at_most=0.5).line, "CPU: 0.40 (≤ 0.5)")
        self.assertEqual(self.ratio(at_most=0.3).line, "CPU: 0.40 (≤ 0.3)  MISSED")
        self.assertFalse(self.ratio(at_least=0.5).is_met)
        self.assertEqual(self.ratio().line, "CPU: 0.40 (as measured)")

    def test_a_bar_on_a_peer_that_was_left_out_is_not_judged(self):
        self.assertEqual(figures.ratios([Bar("x", "ours", "absent", "cpu_us")], self.summary, self.samples), [])

    def test_the_table_is_markdown(self):
        lines = report.table(self.summary).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual({line.count("|") for line in lines}, {len(report.COLUMNS) + 1})


class RoundTests(unittest.TestCase):
    def test_a_round_goes_through_the_peers_forth_and_back(self):
        self.assertEqual("".join(rounds.turns(list("abc"), 1, 4)), "abccbaabccba")
        self.assertEqual("".join(rounds.turns(list("abc"), 2, 3)), "bcaacbbca")

    def test_runs_of_a_peer_are_joined_by_requests(self):
        both = sample("x", 1, 10, requests=3000).joined(sample("x", 1, 50, requests=1000))
        self.assertAlmostEqual(both.cpu_us, 20)
        self.assertEqual(both.outcome.requests, 4000)
        self.assertAlmostEqual(both.outcome.requests_per_second, 2000)
        self.assertAlmostEqual(both.outcome.p99_ms, 2)
        self.assertAlmostEqual(both.calls_per_request, 1)

    def test_every_round_has_one_sample_of_each_peer(self):
        class Plan:
            rounds, slices, seconds = 2, 3, 1
        peers, seen = [StubPeer("a"), StubPeer("b")], []
        with unittest.mock.patch.object(rounds, "measure", lambda peer, _stage, _load, _seconds, number: sample(peer.name, number, 10)):
            samples = rounds.run_rounds(peers, None, None, Plan, seen.append)
        self.assertEqual(samples, seen)
        self.assertEqual(sorted((each.peer, each.round, each.outcome.requests) for each in samples),
                         [("a", 1, 3000), ("a", 2, 3000), ("b", 1, 3000), ("b", 2, 3000)])


class CheckTests(unittest.TestCase):
    def test_monitor_lines_are_read_back(self):
        line = rb'1700000000.123456 [0 unix:/tmp/redis.sock] "EVALSHA" "ab" "1" "k\"ey" "\x00\x01\\\n"'
        self.assertEqual(checks.monitor_words(line), [b"EVALSHA", b"ab", b"1", b'k"ey', b"\x00\x01\\\n"])

    def test_a_request_is_one_script_call(self):
        call = rb'1.0 [0 unix:/s] "EVALSHA" "ab" "1" "key" "\x00\x01"'
        inner = rb'1.1 [0 lua] "TIME"'
        seen = checks.read_monitor("x", [call, inner])
        self.assertEqual((seen.keys, seen.argument_bytes, seen.commands), (1, 2, ("TIME",)))
        with self.assertRaises(checks.CheckFailure):
            checks.read_monitor("x", [call, call])

    def test_meters_must_agree_with_the_load(self):
        samples = [sample("x", 1, 10), sample("x", 2, 10)]
        self.assertEqual(checks.check_meters(StubPeer("x", metered=[2100]), 50, samples), 2050)
        for after in (2049, 2050 + 3 * 64 + 1):
            with self.assertRaises(checks.CheckFailure):
                checks.check_meters(StubPeer("x", metered=[after]), 50, samples)
        # Each run of a round leaves requests behind.
        joined = [sample("x", 1, 10).joined(sample("x", 1, 10))]
        self.assertEqual(checks.check_meters(StubPeer("x", metered=[2050 + 3 * 64]), 50, joined), 2000 + 3 * 64)

    def test_a_gated_peer_that_asked_nobody_is_noticed(self):
        silent = Sample("x", 1, sample("x", 1, 1).outcome, 0, 1, script_calls=0, redis_reads=0, foreign_share=0)
        with self.assertRaises(checks.CheckFailure):
            checks.check_samples([silent], {"x"})


class WorkloadTests(unittest.TestCase):
    def test_keys_have_the_form_that_the_edge_checks(self):
        key = make_key(random.Random(7))
        self.assertRegex(key, r"^tgk_live_[0-9A-Za-z]{38}$")
        check = 0
        for character in key[-6:]:
            check = check * 62 + BASE62.index(character)
        self.assertEqual(check, zlib.crc32(key[:-6].encode()))

    def test_a_workload_is_the_same_every_time(self):
        self.assertEqual(Workload.with_keys(3, 64), Workload.with_keys(3, 64))
        self.assertEqual(len(ANSWER.encode()), 70)


if __name__ == "__main__":
    unittest.main()
