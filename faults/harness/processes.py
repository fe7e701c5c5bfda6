"""Child processes, ended by pid only. Each has a session of its own and dies with the harness."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"


class StartFailure(Exception):
    """A process did not come up; the message says which, and shows the end of its log."""


class Child:
    """One program that is started, stopped, continued and killed again and again; its output goes to one log."""

    def __init__(self, name, command, folder, user=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = Path(folder) / f"{name}.log"
        self._folder, self._user = folder, user
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        # The parent-death signal belongs to the thread that forks, so only the main thread may start children.
        who = {}
        if self._user:
            who = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=self._folder, start_new_session=True, **who)

    async def ready(self, is_ready, seconds=30):
        """Waits for `is_ready()`, which may be a coroutine function."""
        deadline = time.monotonic() + seconds
        while True:
            answer = is_ready()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            if not self.is_running:
                raise StartFailure(f"{self.name} ended with status {self._process.returncode}.\n{self.tail()}")
            if time.monotonic() > deadline:
                raise StartFailure(f"{self.name} was not ready after {seconds} s.\n{self.tail()}")
            await asyncio.sleep(0.02)

    def send(self, number):
        if self.is_running:
            self._process.send_signal(number)

    def kill(self):
        """SIGKILL to it and to all that descend from it."""
        if not self.is_running:
            return
        pids = self._send_all(signal.SIGKILL)
        self._process.wait()
        wait_for_end(pids)

    def stop(self):
        self._send_all(signal.SIGSTOP)

    def resume(self):
        self._send_all(signal.SIGCONT)

    def _send_all(self, number):
        """To it and to all that descend from it; some may end meanwhile."""
        pids = family(self.pid) if self.is_running else []
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        return pids

    async def end(self, number=signal.SIGTERM, seconds=15):
        """Asks it to end; kills it if it does not. Returns whether it ended by itself."""
        self.send(number)
        deadline = time.monotonic() + seconds
        while self.is_running:
            if time.monotonic() > deadline:
                self.kill()
                return False
            await asyncio.sleep(0.02)
        return True

    def tail(self, count=15):
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
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


def wait_for_end(pids, seconds=5):
    """Waits until the processes are gone; those that are nobody's child any more are reaped by init."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(is_alive(pid) for pid in pids):
        time.sleep(0.005)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def free_ports(count):
    """TCP ports of 127.0.0.1 that nothing listens on at this moment, all different, below the ports that the kernel
    gives to outgoing connections: a port must be free again after its server was killed."""
    found = []
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidate = 20_000 + os.getpid() * 17 % 8_000
    while len(found) < count:
        candidate += 1
        if candidate >= low:
            candidate = 15_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            found.append(candidate)
    return found


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        return True
    except OSError:
        return False


def program(name):
    """The full path of a program; servers live in sbin, which is not on every PATH."""
    found = shutil.which(name, path=SEARCH_PATH)
    if not found:
        raise StartFailure(f"There is no {name} on this machine: scripts/ensure-packages.sh installs it.")
    return found


def postgres_program(name):
    """A program of PostgreSQL's newest version; Debian does not put them on the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(places[-1]) if places else program(name)
