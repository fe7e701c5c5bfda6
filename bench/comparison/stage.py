"""What all peers of one run share: a temporary folder, the upstream, Redis, and where on the machine each may run."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .peers.nginx_files import Nginx
from .redis import RedisServer
from .workload import Workload


@dataclass(frozen=True)
class Placement:
    """CPU lists for taskset; None leaves it to the kernel."""

    gateway: str | None = None
    others: str | None = None

    @classmethod
    def pinned(cls):
        """The gateway has the first core to itself, everything else shares the rest."""
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            return cls()
        return cls(str(cpus[0]), ",".join(str(cpu) for cpu in cpus[1:]))


class Stage:
    """Use as a context manager: everything is started on entry and ended on exit."""

    def __init__(self, workload: Workload, placement: Placement, needs_redis=True, keep=False):
        self.workload = workload
        self.placement = placement
        self._needs_redis = needs_redis
        self._keep = keep
        self.redis = None
        self.upstream = None

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
        # nginx's worker and Redis's clients may run as another user.
        self.folder.chmod(0o755)
        try:
            self.upstream = Nginx("upstream", self._upstream_configuration(), self, self.placement.others)
            if self._needs_redis:
                self.redis = RedisServer(self.folder, self.placement.others)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in (self.redis, self.upstream):
            if server is not None:
                server.stop()
        if self._keep:
            print(f"Kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _upstream_configuration(self):
        return f"""
        server {{
            listen 127.0.0.1:@PORT@ backlog=1024;
            default_type application/json;
            location / {{ return 200 '{self.workload.answer}'; }}
        }}
        """

    @property
    def shared_pids(self):
        """Processes that do the same work whichever peer is measured."""
        pids = [*self.upstream.pids]
        if self.redis is not None:
            pids.append(self.redis.pid)
        return pids
