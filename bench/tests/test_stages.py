"""The gauge: what callgrind wrote is read right, and a broken gauge is no good news."""

import unittest

from stages.callgrind import Profile
from stages.cli import judge

DUMP = """\
fn=$s4Edge8ExchangeC6renderyyF
10 300
cfn=malloc
calls=2 0
11 100
cfn=$s4Edge8ExchangeC6renderyyFyyXEfU_
calls=1 0
12 50

fn=$s4Edge8ExchangeC6renderyyFyyXEfU_
1 50

fn=malloc
1 60
cfn=_int_malloc
calls=2 0
2 40

fn=_int_malloc
1 40

totals: 450
"""


class ProfileTests(unittest.TestCase):
    def test_a_function_counts_with_what_it_calls(self):
        self.assertEqual(Profile(DUMP).instructions(r"\$s4Edge8ExchangeC6render"), 450)

    def test_the_whole_is_every_function_by_itself(self):
        self.assertEqual(Profile(DUMP).total, 450)

    def test_calls_of_the_allocator_are_counted_but_not_its_own(self):
        self.assertEqual(Profile(DUMP).allocations, 2)

    def test_a_function_that_is_not_there_reads_zero(self):
        self.assertEqual(Profile(DUMP).instructions("nothing"), 0)


class JudgeTests(unittest.TestCase):
    def test_within_the_threshold_is_well(self):
        lines, good = judge({"a": 95}, {"a": 100})
        self.assertTrue(good, lines)

    def test_above_it_is_not(self):
        self.assertFalse(judge({"a": 101}, {"a": 100})[1])

    def test_zero_is_a_broken_gauge(self):
        self.assertFalse(judge({"a": 0}, {"a": 100})[1])

    def test_what_is_kept_must_be_measured_and_the_other_way_round(self):
        self.assertFalse(judge({}, {"a": 100})[1])
        self.assertFalse(judge({"a": 1}, {})[1])


if __name__ == "__main__":
    unittest.main()
