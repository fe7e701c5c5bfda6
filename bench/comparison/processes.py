"""Processes by pid: started with their output in a file, ended politely, their CPU read from /proc."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class StartFailure(Exception):
    """A process did not come up; the message says which, and shows the end of its log."""


class Process:
    """One process started by the bench. It is told to end when the bench itself dies."""

    def __init__(self, name, command, folder, cpus=None, env=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = Path(folder) / f"{name}.log"
        placed = ["taskset", "--cpu-list", cpus] if cpus else []
        with open(self.log, "wb") as log:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *placed, *self.command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder,
                env={**os.environ, **(env or {})})

    @property
    def pid(self):
        return self._child.pid

    def wait_until(self, is_ready, seconds=20):
        """Waits for `is_ready()`; a process that ends before, or takes longer, raises StartFailure."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._child.poll() is not None:
                raise StartFailure(f"{self.name} ended with status {self._child.returncode}.\n{self._tail()}")
            if time.monotonic() > deadline:
                raise StartFailure(f"{self.name} was not ready after {seconds} s.\n{self._tail()}")
            time.sleep(0.02)

    def is_running(self):
        return self._child.poll() is None

    def stop(self, seconds=5):
        """SIGTERM, and SIGKILL for one that does not listen."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def _tail(self):
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"  command: {' '.join(self.command)}", f"  end of {self.log}:", *(f"    {line}" for line in lines)])


def family(pid):
    """The process and all that descend from it."""
    pids = [pid]
    for each in pids:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                pids.extend(int(word) for word in task.read_text().split())
            except OSError:
                continue
    return pids


def cpu_seconds(pids):
    """User and system time of the processes so far, (user, system) in seconds."""
    user = system = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user += int(fields[11])
        system += int(fields[12])
    return user / TICKS_PER_SECOND, system / TICKS_PER_SECOND


STAT_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def machine_seconds(*fields):
    """CPU time of the whole machine so far in these fields of /proc/stat (proc(5)), in all of them if none is named. `steal`
    is time in which it was ready to work and its host had taken it for somebody else."""
    values = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    times = dict(zip(STAT_FIELDS, map(int, values)))
    return sum(times[name] for name in fields or STAT_FIELDS) / TICKS_PER_SECOND


def machine_busy_seconds():
    """CPU time that the whole machine spent on anything but idling."""
    return machine_seconds(*(name for name in STAT_FIELDS if name not in ("idle", "iowait")))


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def free_port():
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        return True
    except OSError:
        return False


def missing_programs(packages):
    """The Debian packages, of a {program or path: package} table, whose program is not there."""
    def is_there(program):
        return Path(program).exists() if program.startswith("/") else shutil.which(program, path=SEARCH_PATH) is not None
    return sorted({package for program, package in packages.items() if not is_there(program)})


SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"


def program(name):
    """The full path of a program; servers live in sbin, which is not on every PATH."""
    return shutil.which(name, path=SEARCH_PATH) or name


def first_line(*command):
    """The first line that a version command prints, on either stream."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "not installed"
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "")
