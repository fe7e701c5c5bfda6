"""The gateway under valgrind's callgrind, and its counts."""

import re
import stat
import subprocess
import time
from collections import defaultdict

from comparison.processes import program

ALLOCATORS = {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"}


class CountFailure(Exception):
    """Nothing was counted; the message says why."""


def write_wrapper(executable, folder):
    """A program that is `executable` under callgrind, which counts nothing until it is told to.

    The copy without debug information is for valgrind 3.19, which gives up on newer DWARF; symbols stay.
    """
    stripped = folder / "tollgate-counted"
    subprocess.run([program("strip"), "--strip-debug", "-o", str(stripped), str(executable)], check=True)
    wrapper = folder / "under-callgrind"
    wrapper.write_text(
        f"#!/bin/sh\nexec {program('valgrind')} --tool=callgrind --instr-atstart=no --compress-strings=no "
        f"--compress-pos=no --callgrind-out-file={folder}/counts {stripped} \"$@\"\n")
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
        began = time.monotonic()
        work()
        elapsed = time.monotonic() - began
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
        profile.seconds = elapsed
        return profile


class Profile:
    """Instructions by function, callees included, and calls of the allocator."""

    def __init__(self, text):
        self.seconds = 0.0
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
                if callee.partition("@")[0] in ALLOCATORS and function.partition("@")[0] not in ALLOCATORS:
                    self.allocations += calls
                calls = 0
            elif line[:1] in "0123456789+-*" and " " in line:
                cost = int(line.split()[1])
                self.total += cost
                self._with_callees[function] += cost

    def instructions(self, pattern):
        """Of the functions whose mangled name matches, with what they call. 0 when there is none.

        Closures are left out: they are called by the function they stand in, which counts them.
        """
        shape = re.compile(pattern)
        return sum(cost for name, cost in self._with_callees.items()
                   if name and shape.match(name) and not re.search(r"U[0-9]*_", name))
