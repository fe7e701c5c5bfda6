"""What turns measurements into verdicts, tables and the model."""

import contextlib
import io
import os
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from comparison import all_figures, cluster_nodes, half_load, model, page, processes, results
from comparison.awake import Awake
from comparison.figure import Figure
from comparison.figures import Spread
from comparison.load import LoadFailure
from comparison.parts import cluster, latency, replay, script, two_gateways
from comparison.pipeline import encoded
from comparison.workload import Workload


def flat(value):
    return Spread(value, value, value)


def compared():
    """A comparison's result, as far as the reports look at it."""
    def peer(cpu, calls):
        return SimpleNamespace(label="Tollgate <1>", cpu_us=flat(cpu), user_us=flat(cpu / 3), calls_per_request=flat(calls),
                               calls_per_read=flat(12.4), requests_per_second=flat(1e6 / cpu), p50_ms=flat(1), p99_ms=flat(2))
    plan = SimpleNamespace(rounds=5, slices=4, seconds=1, warm_up_seconds=1, connections=64, keys=1, pinned=True)
    return SimpleNamespace(figures={"tollgate": peer(20, 0.05), "nginx": peer(15, 0)}, plan=plan, script_calls={}, metered={},
                           foreign_share=0.0, versions={"revision": "abc"}, commands={"tollgate": ["x"]})


def whole(**more):
    run = all_figures.Run()
    run.results.update({"one key": compared(), "many keys": compared()})
    parts = {"gates": [Figure("CPU ÷ nginx", 1.2, at_most=1.25, least=1.1, most=1.3)],
             "script": [Figure("Redis CPU per decision", 10.0, "µs")],
             "memory": [Figure("memory: idle process", 41, "MiB", at_most=40), Figure("memory: per idle", 5, "KiB", at_most=6)],
             **more}
    return results.Whole(run=run, quick=False, started=datetime(2026, 1, 1, tzinfo=timezone.utc), seconds=480, parts=parts,
                         machine={"cpu": "x", "cores": 2, "memory_gib": 4, "system": "Debian", "kernel": "6"})


def seen(p99, **more):
    p50 = {name: [value / 2 for value in values] for name, values in p99.items()}
    return latency.Runs(p50=p50, p99=p99, rates=[1000], cpu_us={name: [20] for name in p99}, **more)


class FigureTests(unittest.TestCase):
    def test_lines(self):
        self.assertEqual(Figure("a ÷ b", 1.234, at_most=1.25).line, "a ÷ b: 1.23 (≤ 1.25)")
        self.assertEqual(Figure("a", 41.26, "MiB", at_most=40, digits=1).line, "a: 41.3 MiB (≤ 40 MiB)  MISSED")
        self.assertEqual(Figure("a", 1.9, at_least=2).line, "a: 1.90 (≥ 2)  MISSED")
        self.assertEqual(Figure("a", 1, at_most=1, at_least=1).line, "a: 1.00 (= 1)")
        self.assertEqual(Figure("a", 3).line, "a: 3.00 (as measured)")

    def test_what_could_not_be_measured_is_missed(self):
        self.assertFalse(Figure("a", float("nan"), holds=False).is_met)
        self.assertFalse(Figure("a", float("nan"), at_most=1).is_met)

    def test_a_figure_in_time_with_a_wrong_decision_is_missed(self):
        self.assertFalse(Figure("calls", 0.1, at_most=0.2, holds=False).is_met)


def answer(p50, p99, sent=900):
    return {"requestsPerSecond": 900, "sent": sent, "unsent": 0,
            "latency": [{"percentile": 50, "ms": p50}, {"percentile": 99, "ms": p99}]}


class AwakeTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.wish = Path(folder.name) / "wish"
        self.wish.touch()
        self.cores = Path(folder.name) / "cores"
        for core in range(2):
            for state, latency_us in enumerate((0, 1)):
                self.state(core, state).mkdir(parents=True)
                (self.state(core, state) / "latency").write_text(f"{latency_us}\n")
                (self.state(core, state) / "time").write_text("5000000\n")

    def state(self, core, state):
        return self.cores / f"cpu{core}" / "cpuidle" / f"state{state}"

    def is_held(self):
        return sum(os.readlink(each) == str(self.wish) for each in Path("/proc/self/fd").iterdir() if each.exists())

    def test_the_wish_is_held_while_it_is_wanted(self):
        with Awake(self.wish, self.cores) as awake:
            self.assertEqual(self.wish.read_bytes(), bytes(4))
            self.assertEqual(self.is_held(), 1)
            # Polling is no sleep.
            (self.state(1, 0) / "time").write_text("90000000\n")
        self.assertIsNone(awake.problem)
        self.assertEqual(self.is_held(), 0)

    def test_a_wish_without_effect_is_told(self):
        with Awake(self.wish, self.cores) as awake:
            (self.state(1, 1) / "time").write_text("90000000\n")
        self.assertIn("although asked not to", awake.problem)
        with Awake(self.wish, self.wish) as awake:
            pass
        self.assertIn("no driver", awake.problem)

    def test_where_it_may_not_be_asked_for_the_reason_is_told_and_the_run_goes_on(self):
        for wish, reason in (("/nowhere/at/all", "No such file"), ("/dev/full", "No space left")):
            with Awake(wish, self.cores) as awake:
                pass
            self.assertIn(reason, awake.problem)


class MachineTests(unittest.TestCase):
    def test_times_of_the_machine_are_told_apart(self):
        ticks = processes.TICKS_PER_SECOND
        text = f"cpu  {ticks} {2 * ticks} {3 * ticks} {4 * ticks} {5 * ticks} {6 * ticks} {7 * ticks} {8 * ticks} 0 0\ncpu0 1\n"
        with mock.patch.object(processes.Path, "read_text", lambda _: text):
            self.assertEqual(processes.machine_seconds("steal"), 8)
            self.assertEqual(processes.machine_seconds(), 36)
            self.assertEqual(processes.machine_busy_seconds(), 27)


class PartTests(unittest.TestCase):
    def test_added_latency_is_over_the_upstream_of_the_same_round(self):
        runs = seen({"direct": [1, 2, 1], "tollgate": [2, 3, 3], "nginx-lua": [5, 4, 5]})
        ratio = latency.figures(runs, latency.Runs())[0]
        # Of the medians: within the rounds it would be a half.
        self.assertAlmostEqual(ratio.value, 1 / 4)
        self.assertTrue(ratio.is_met)

    def test_runs_in_which_nothing_was_sent_are_told_of(self):
        runs = seen({"direct": [1], "tollgate": [2], "nginx-lua": [5]})
        self.assertNotIn("nothing could be sent", latency.figures(runs, latency.Runs())[0].note)
        runs.repeated = 2
        self.assertIn("nothing could be sent in them: 2", latency.figures(runs, latency.Runs())[0].note)
        # Of both kinds of rounds.
        self.assertIn("nothing could be sent in them: 2", latency.figures(runs, runs)[1].note)

    def test_requests_that_found_no_connection_are_told_of(self):
        runs = seen({"direct": [1], "tollgate": [2], "nginx-lua": [5]}, unsent=7)
        self.assertIn("no connection before a run's end: 7", latency.figures(runs, latency.Runs())[0].note)

    def test_only_a_run_in_which_nothing_was_sent_is_repeated_and_not_for_ever(self):
        said, failures = [], [half_load.NothingSent("nothing"), half_load.NothingSent("nothing")]
        runner = half_load.Runner.__new__(half_load.Runner)
        runner.repeated, runner._say = 0, said.append
        runner._report = lambda url, seed: self.fail_with(failures)
        self.assertEqual(runner.report("http://x", 1), "report")
        self.assertEqual((runner.repeated, len(said)), (2, 2))
        failures[:] = [LoadFailure("answers")]
        with self.assertRaises(LoadFailure):
            runner.report("http://x", 1)
        failures[:] = [half_load.NothingSent("nothing")] * 2
        with self.assertRaises(half_load.NothingSent):
            runner.report("http://x", 1)

    def test_a_run_s_failure_says_in_its_first_line_what_it_was(self):
        done = SimpleNamespace(returncode=2, stdout="", stderr="tollgate-load: no such host\n")
        nothing = half_load.failure("http://x", done, {"sent": 0, "checks": []})
        self.assertIsInstance(nothing, half_load.NothingSent)
        self.assertTrue(str(nothing).startswith("tollgate-load against http://x: nothing was sent\n"))
        ended = half_load.failure("http://x", done, None)
        self.assertNotIsInstance(ended, half_load.NothingSent)
        self.assertEqual(str(ended), "tollgate-load against http://x: it ended with 2\ntollgate-load: no such host\n")

    @staticmethod
    def fail_with(failures):
        if failures:
            raise failures.pop(0)
        return "report"

    def test_the_limit_is_a_closed_loop_s_and_the_offer_an_open_one_s(self):
        with tempfile.TemporaryDirectory() as folder:
            stage = SimpleNamespace(folder=Path(folder), workload=Workload.with_keys(2, 64))
            runner = half_load.Runner("load", stage, print)
            rates = [400, 900, 500]
            runner._report = lambda url, seed: {"requestsPerSecond": rates.pop(0)}
            self.assertEqual(runner.limit("http://x"), 500)
            self.assertIn("  loop: closed\n  for: 500ms\n", runner._scenario.read_text())
            runner.offer(250.7)
            self.assertIn("  loop: open\n  arrivals: random\n  rate: 250\n  for: 500ms\n", runner._scenario.read_text())

    def test_half_load_is_half_of_what_nginx_lua_managed_just_before(self):
        asked, run = [], all_figures.Run()
        run.say = lambda text: None
        runner = SimpleNamespace(limit=lambda url: asked.append(("limit", url)) or 4000, offer=asked.append,
                                 report=lambda url, seed: asked.append((seed, url)) or answer(1, 2))
        runs, urls = latency.Runs(), {"direct": "d", "nginx-lua": "n", "tollgate": "t"}
        latency.rounds(run, runner, urls, [], runs, 0, 0)
        self.assertEqual((asked, runs.rates), ([], []))
        latency.rounds(run, runner, urls, [], runs, 1, 2)
        self.assertEqual(asked, [("limit", "n"), 2000, (3, "t"), (3, "d"), (3, "n"), (4, "t"), (4, "n"), (4, "d")])
        self.assertEqual((runs.rates, runs.p99), ([2000], {"direct": [2, 2], "nginx-lua": [2, 2], "tollgate": [2, 2]}))
        self.assertEqual(runs.p50, {"direct": [1, 1], "nginx-lua": [1, 1], "tollgate": [1, 1]})
        self.assertGreaterEqual(runs.whole, 0)

    def test_a_run_s_percentiles_and_cpu_are_kept_by_peer(self):
        runs = latency.Runs()
        self.assertEqual(runs.add("direct", answer(1.5, 7, sent=1000), 0.16), (1.5, 7))
        self.assertEqual((runs.p50, runs.p99), ({"direct": [1.5]}, {"direct": [7]}))
        # 1000 in the half second that counts, 600 in the warm-up before it.
        self.assertAlmostEqual(runs.cpu_us["direct"][0], 100)

    def test_the_note_says_whether_cores_slept_and_what_the_host_had_taken(self):
        runs = seen({"direct": [1], "tollgate": [2], "nginx-lua": [5]}, stolen=3, whole=200)
        awake = latency.figures(runs, latency.Runs())[0]
        self.assertIn("did not sleep between requests", awake.note)
        self.assertIn("steal in /proc/stat: 1.5%", awake.note)
        self.assertNotIn("slept", awake.line)
        told = latency.figures(runs, latency.Runs(), problem="cores slept for 90% of the time although asked not to")[0]
        self.assertIn("Not as it should be: cores slept for 90%", told.note)
        self.assertNotIn("did not sleep", told.note)
        self.assertTrue(told.line.startswith("cores may have slept: added p99"), told.line)

    def test_steal_that_nothing_tells_of_is_none(self):
        self.assertEqual(latency.Runs(stolen=0, whole=10).steal, "none")

    def test_cores_that_may_sleep_are_told_of_beside_it_and_judged_by_nothing(self):
        awake = seen({"direct": [1], "tollgate": [2], "nginx-lua": [5]})
        asleep = seen({"direct": [4], "tollgate": [13], "nginx-lua": [14]}, stolen=10, whole=100)
        first, second, *_ = latency.figures(awake, asleep)
        self.assertAlmostEqual(first.value, 1 / 4)
        self.assertAlmostEqual(second.value, 9 / 10)
        self.assertIn("where cores may sleep", second.name)
        self.assertFalse(second.is_judged)
        self.assertIn("steal in /proc/stat: 10.0%", second.note)
        self.assertEqual(len(latency.figures(awake, latency.Runs())), 3)
        self.assertIn("could not be measured: why", latency.figures(awake, latency.Runs(failure="why"))[0].note)

    def test_what_is_judged_is_measured_awake_and_what_is_told_is_not(self):
        for broken, kinds in ((None, [True, False] * 5), ("no permission", [True] * 5),
                              (LoadFailure, [True, False] + [True] * 4)):
            seen_so = []

            class Wish:
                held, problem = False, None

                def __enter__(self):
                    Wish.held = True
                    return self

                def __exit__(self, *_):
                    Wish.held, self.problem = False, broken if isinstance(broken, str) and not seen_so[1:] else None

            def rounds(run, runner, urls, peers, runs, group, count, kind=""):
                seen_so.append(Wish.held)
                if broken is LoadFailure and not Wish.held:
                    report = {"sent": 9, "checks": [{"name": "answers", "isMet": False}, {"name": "limit", "isMet": True}]}
                    raise half_load.failure("http://x", SimpleNamespace(returncode=1, stdout="a\nb", stderr=""), report)
                runs.rates.append(1000)
                for each in urls:
                    runs.add(each, answer(1, 2))

            with mock.patch.multiple(latency, Awake=Wish, rounds=rounds, Stage=mock.MagicMock(), Runner=mock.MagicMock(),
                                     NginxLua=mock.MagicMock(), Tollgate=mock.MagicMock()):
                latency.NginxLua.return_value.name, latency.Tollgate.return_value.name = latency.LUA, latency.OURS
                found = latency.measured(all_figures.Run())
            self.assertEqual(seen_so, kinds)
            # Only the first group's wish was refused, and it is told all the same.
            self.assertEqual("no permission" in found[0].note, isinstance(broken, str))
            self.assertEqual("http://x: not met: answers." in found[0].note, broken is LoadFailure)

    def test_a_replay_is_held_against_the_same_request_forwarded(self):
        first = replay.figures({"forwarded": [25], "executed": [40], "replayed": [24]})[0]
        self.assertAlmostEqual(first.value, 0.6)

    def test_slots_are_those_of_redis(self):
        self.assertEqual(cluster_nodes.slot(b"123456789"), 0x31C3 % 16384)
        self.assertEqual(cluster_nodes.slot(b"user1000"), 3443)
        low, high = 10923, 16383
        self.assertTrue(low <= cluster_nodes.slot(cluster_nodes.org_in(b"org_00000", (low, high))) <= high)
        self.assertEqual(sum(last - first + 1 for first, last in cluster_nodes.RANGES), cluster_nodes.SLOTS)

    def test_a_key_s_tag_is_what_its_slot_is_made_of(self):
        for key, tag in ((b"tg:v:{org_1}", b"org_1"), (b"foo", b"foo"), (b"a{}b", b"a{}b"), (b"a{b", b"a{b"),
                         (b"{{b}}", b"{b")):
            self.assertEqual(cluster_nodes.hash_tag(key), tag)

    def test_a_cluster_is_held_against_one_node_through_a_gateway(self):
        one = {"rate": 100, "gateway": 20, "redis": 2, "calls": 0.1, "p99": 1}
        three = {"rate": 50, "gateway": 30, "redis": 8, "calls": 0.9, "p99": 2}
        values = [figure.value for figure in cluster.gateway_figures({1: [one] * 3, 3: [three] * 3})]
        self.assertEqual(values, [0.5, 1.5, 4, 0.9])

    def test_two_gateways_are_held_against_one(self):
        one, two = {"rate": 100, "gateway": 20, "redis": 2}, {"rate": 150, "gateway": 22, "redis": 2}
        values = [figure.value for figure in two_gateways.figures({1: [one], 2: [two]})]
        self.assertEqual(values, [1.5, 1.1, 1])

    def test_the_version_is_found_in_a_call(self):
        blob = bytes(8 * 3) + bytes(2 * 2) + bytes(2 + 2 + 3) + b"\x03v:1" + bytes(9)
        self.assertEqual(script.version_tag(blob), b"v:1")
        self.assertEqual(script.org_tag([b"EVALSHA", b"x", b"1", b"tg:v:{org_1}"]), b"org_1")

    def test_commands_hold_any_byte(self):
        self.assertEqual(encoded([b"SET", b"\x00\r\n"]), b"*2\r\n$3\r\nSET\r\n$3\r\n\x00\r\n\r\n")

    def test_a_part_that_fails_is_a_missed_figure_and_the_rest_goes_on(self):
        parts = dict(all_figures.PARTS)
        try:
            all_figures.PARTS.update({
                "gates": ("broken", lambda run: 1 / 0), "memory": ("fine", lambda run: [Figure("a", 1, at_most=2)])})
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                found = all_figures.measure(all_figures.Run(), ["gates", "memory"])
        finally:
            all_figures.PARTS.update(parts)
        self.assertFalse(found["gates"][0].is_met)
        self.assertTrue(found["memory"][0].is_met)

    def test_parts_that_need_the_comparison_bring_it(self):
        self.assertEqual(all_figures.chosen_parts("memory,hot-key"), ["gates", "hot-key", "memory"])
        self.assertEqual(all_figures.chosen_parts("memory,latency"), ["latency", "memory"])


class ReportTests(unittest.TestCase):
    def test_results_name_what_is_missed(self):
        text = results.markdown(whole())
        self.assertIn("| memory: idle process | 41.00 MiB |  | ≤ 40 MiB | **MISSED** |", text)
        self.assertIn("| CPU ÷ nginx | 1.20 | 1.10–1.30 | ≤ 1.25 | met |", text)
        self.assertEqual([figure.name for figure in whole().missed], ["memory: idle process"])

    def test_the_page_needs_nothing_else(self):
        text = page.page(whole())
        self.assertIn("1 of 3 bars missed", text)
        self.assertIn("Tollgate &lt;1&gt;", text)
        for word in ("src=", "href=", "@import", "url(", "nan"):
            self.assertNotIn(word, text)

    def test_a_page_of_what_could_not_be_measured(self):
        self.assertIn("missed", page.page(whole(latency=[Figure("x: could not be measured", float("nan"), holds=False)])))

    def test_the_model_follows_the_costs(self):
        self.assertTrue(model.is_fed(whole()))
        cost = model.costs(whole())
        small, large = model.row(cost, 10), model.row(cost, 1000)
        self.assertAlmostEqual(small["rate"], 10 * 4 * 0.6 * 1e6 / 20)
        self.assertAlmostEqual(large["rate"] / small["rate"], 100)
        self.assertAlmostEqual(small["nodes"], small["rate"] * 10e-6 / 0.6)
        self.assertIn("| 1000 |", model.markdown(whole()))

    def test_json(self):
        self.assertIn('"met": false', results.as_json(SimpleNamespace(**{
            **{name: getattr(whole(), name) for name in ("started", "quick", "seconds", "machine", "parts")},
            "run": SimpleNamespace(rounds=5, results={})})))


if __name__ == "__main__":
    unittest.main()
