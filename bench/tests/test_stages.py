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


LOOP = "'$s8NIOPosix19SelectableEventLoopC3runyyKF"
TICK = "'$s8NIOPosix19SelectableEventLoopC18_prepareToSchedule8deadline7promise4taskAA13ScheduledTaskVyxctlFyycfU_Tm"


def allocations(*calls):
    """A dump in which a function calls an allocator: (how often, its name and those of its callers) each."""
    return "fn=swift_slowAlloc\n" + "".join(f"cfn={callers}\ncalls={number} 0\n1 10\n" for number, callers in calls)


class ProfileTests(unittest.TestCase):
    def test_a_function_counts_with_what_it_calls(self):
        self.assertEqual(Profile(DUMP).instructions(r"\$s4Edge8ExchangeC6render"), 450)

    def test_the_whole_is_every_function_by_itself(self):
        self.assertEqual(Profile(DUMP).total, 450)

    def test_calls_of_the_allocator_are_counted_but_not_its_own(self):
        dump = DUMP.replace("malloc", f"malloc'$s4Edge8ExchangeC6renderyyF{LOOP}")
        self.assertEqual(Profile(dump).allocations, 2)

    def test_only_what_an_event_loop_allocates_counts(self):
        dump = allocations((3, "malloc@@GLIBC_2.2.5'swift_slowAlloc" + LOOP), (5, "malloc@@GLIBC_2.2.5'swift_slowAlloc"))
        self.assertEqual(Profile(dump).allocations, 3)

    def test_what_a_loop_allocates_by_the_clock_does_not_count(self):
        dump = allocations((3, "calloc'swift_slowAlloc" + LOOP), (7, "calloc'swift_slowAlloc" + TICK + LOOP))
        self.assertEqual(Profile(dump).allocations, 3)

    def test_a_closure_counts_when_it_is_asked_for(self):
        self.assertEqual(Profile(DUMP).instructions(r"\$s4Edge8ExchangeC6renderyyFyyXEfU_"), 50)

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
