"""The gateway under valgrind's callgrind, and its counts."""

import re
import stat
import subprocess
import time
from collections import defaultdict

from comparison.processes import program

ALLOCATORS = {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"}
#: How many callers are told of every call of an allocator. Three times as many as lie between one and its loop: what is
#: called from deeper would not count.
CALLERS = 100
#: An event loop, in which all that a request needs is done.
LOOP = r"\$s8NIOPosix19SelectableEventLoopC3run"
#: What it does because time has passed, whether anybody asks or not: its tick with the setting of the next, Redis's timer.
BY_CLOCK = (
    r"\$s8NIOPosix19SelectableEventLoopC18_prepareToSchedule8deadline7promise4task\w+ctlFyycfU_Tm"
    r"|\$s11RedisClient0A4LinkC18deadlineTimerFired")


class CountFailure(Exception):
    """Nothing was counted; the message says why."""


def write_wrapper(executable, folder):
    """A program that is `executable` under callgrind, which counts nothing until it is told to.

    The copy without debug information is for valgrind 3.19, which gives up on newer DWARF; symbols stay.
    """
    stripped = folder / "tollgate-counted"
    subprocess.run([program("strip"), "--strip-debug", "-o", str(stripped), str(executable)], check=True)
    wrapper = folder / "under-callgrind"
    callers = " ".join(f"--separate-callers{CALLERS}={name}" for name in sorted(ALLOCATORS))
    wrapper.write_text(
        f"#!/bin/sh\nexec {program('valgrind')} --tool=callgrind --instr-atstart=no --compress-strings=no "
        f"--compress-pos=no {callers} --callgrind-out-file={folder}/counts {stripped} \"$@\"\n")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return wrapper


class Counter:
    """Tells a running callgrind when to count, and reads what it counted."""

    def __init__(self, pid, folder):
        self._pid = str(pid)
        self._folder = folder
        self._dumps = 0

    def _control(self, *arguments):
        done = subprocess.run([program("callgrind_control"), *arguments, self._pid], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise CountFailure(f"callgrind_control {' '.join(arguments)} failed: {done.stdout}{done.stderr}")

    def count(self, work):
        """The profile of what the gateway does while `work()` runs."""
        self._control("--instr=on")
        work()
        self._control("--instr=off")
        self._control("--dump")
        self._dumps += 1
        file = self._folder / f"counts.{self._dumps}"
        deadline = time.monotonic() + 20
        while not (file.exists() and "totals:" in file.read_text(errors="replace")[-4096:]):
            if time.monotonic() > deadline:
                raise CountFailure(f"callgrind wrote no {file}")
            time.sleep(0.1)
        profile = Profile(file.read_text(errors="replace"))
        if profile.total == 0:
            raise CountFailure(f"callgrind counted nothing: {file}")
        return profile


def allocates(function):
    return re.split("[@']", function, maxsplit=1)[0] in ALLOCATORS


def serves(function):
    """Whether a function with its callers is called by an event loop, and not because time has passed."""
    callers = function.split("'")[1:]
    return any(re.match(LOOP, name) for name in callers) and not any(re.match(BY_CLOCK, name) for name in callers)


class Profile:
    """Instructions by function, callees included, and calls of the allocator by an event loop.

    An allocator's name is followed by those of its callers, innermost first.
    """

    def __init__(self, text):
        self.total = 0
        self.allocations = 0
        self._with_callees = defaultdict(int)
        function = callee = None
        calls = 0
        for line in text.splitlines():
            if line.startswith("fn="):
                function = line[3:]
            elif line.startswith("cfn="):
                callee = line[4:]
            elif line.startswith("calls="):
                calls = int(line[6:].split()[0])
            elif calls:
                self._with_callees[function] += int(line.split()[1])
                if allocates(callee) and not allocates(function):
                    self.allocations += calls * serves(callee)
                calls = 0
            elif line[:1] in "0123456789+-*" and " " in line:
                cost = int(line.split()[1])
                self.total += cost
                self._with_callees[function] += cost

    def instructions(self, pattern):
        """Of the functions whose mangled name matches, with what they call. 0 when there is none.

        Closures are left out unless the pattern names one: they are called by the function they stand in, which counts
        them.
        """
        shape = re.compile(pattern)
        closure = re.compile(r"U[0-9]*_")
        return sum(cost for name, cost in self._with_callees.items()
                   if (match := shape.match(name or "")) and not closure.search(name, match.end()))
