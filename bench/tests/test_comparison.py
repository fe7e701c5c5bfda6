"""The parts of the comparison that can be wrong without anyone noticing."""

import random
import unittest
import zlib

from comparison import checks, figures, report
from comparison.figures import Bar
from comparison.load import LoadOutcome
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


class FigureTests(unittest.TestCase):
    def setUp(self):
        self.samples = [sample("ours", 1, 30), sample("theirs", 1, 100), sample("ours", 2, 50), sample("theirs", 2, 80),
                        sample("ours", 3, 40), sample("theirs", 3, 90)]
        self.summary = figures.summarize([StubPeer("ours"), StubPeer("theirs")], self.samples)

    def ratio(self, **bar):
        return figures.ratios([Bar("CPU", "ours", "theirs", "cpu_us", **bar)], self.summary, self.samples)[0]

    def test_medians_and_spread(self):
        self.assertAlmostEqual(self.summary["ours"].cpu_us.median, 40)
        self.assertAlmostEqual(self.summary["ours"].cpu_us.least, 30)
        self.assertAlmostEqual(self.summary["ours"].cpu_us.most, 50)

    def test_a_ratio_is_of_medians_and_its_spread_of_rounds(self):
        ratio = self.ratio(at_most=0.5)
        self.assertAlmostEqual(ratio.value, 40 / 90)
        self.assertAlmostEqual(ratio.by_round.least, 0.3)
        self.assertAlmostEqual(ratio.by_round.most, 50 / 80)

    def test_bars(self):
        self.assertEqual(self.ratio(at_most=0.5).line, "CPU: 0.44 (≤ 0.5)")
        self.assertEqual(self.ratio(at_most=0.4).line, "CPU: 0.44 (≤ 0.4)  MISSED")
        self.assertFalse(self.ratio(at_least=0.5).is_met)
        self.assertEqual(self.ratio().line, "CPU: 0.44 (as measured)")

    def test_a_bar_on_a_peer_that_was_left_out_is_not_judged(self):
        self.assertEqual(figures.ratios([Bar("x", "ours", "absent", "cpu_us")], self.summary, self.samples), [])

    def test_the_table_is_markdown(self):
        lines = report.table(self.summary).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual({line.count("|") for line in lines}, {len(report.COLUMNS) + 1})


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
