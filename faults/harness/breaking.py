"""Carries the planned faults out. Faults of one target follow one another; different targets break at the same time."""

import asyncio
import functools
import shutil
import signal

from . import redis
from .ledgers import Fault
from .processes import StartFailure
from .stack import now

#: What `appendfsync everysec` may lose with the server, in seconds.
EVERYSEC_SECONDS = 2.0


class Breaker:
    def __init__(self, stack, started, say=lambda line: None):
        self._stack, self._started, self._say = stack, started, say
        self._locks = {}
        self._snapshots = []
        self.faults = []
        self.failures = []
        #: Processes that ended without a fault: name, time, the end of their log.
        self.crashes = []

    async def run(self, planned):
        """Carries out all of `planned`, and returns when every target is whole again."""
        copying = asyncio.create_task(self._copy_aof())
        tasks = []
        for each in planned:
            await asyncio.sleep(max(0.0, self._started + each.at - now()))
            tasks.append(asyncio.create_task(self._break(each)))
        await asyncio.gather(*tasks)
        copying.cancel()

    async def _break(self, planned):
        async with self._locks.setdefault(planned.target, asyncio.Lock()):
            fault = Fault(len(self.faults) + 1, planned.kind, planned.target, now() - self._started)
            self.faults.append(fault)
            action = getattr(self, "_" + planned.kind.replace("-", "_"))
            try:
                await action(fault, planned)
            except Exception as failure:  # noqa: BLE001: whatever it is, the run must say it and fail
                self.failures.append(f"fault {fault.number} ({planned.kind} of {planned.target}) failed: {failure!r}")
            fault.ended = now() - self._started
            self._say(fault.line())

    async def watch(self):
        """Notices a process that ends by itself, and starts it again."""
        starts = {"workers": self._stack.start_workers, "upstream": self._stack.start_upstream,
                  "redis": self._stack.start_redis, "postgres": self._stack.start_postgres,
                  **{name: functools.partial(self._stack.start_gateway, name) for name in self._stack.gateways}}
        while True:
            await asyncio.sleep(0.1)
            for child in self._stack.children:
                lock = self._locks.setdefault(child.name, asyncio.Lock())
                if lock.locked() or child.is_running:
                    continue
                async with lock:
                    at = now() - self._started
                    self.crashes.append((child.name, at, child.tail(60)))
                    self._say(f"{at:9.3f}  {child.name} ended by itself")
                    try:
                        await starts[child.name]()
                    except StartFailure as failure:
                        self.failures.append(str(failure))
                        return

    # Gateways, workers, upstream

    async def _gateway_kill(self, fault, planned):
        self._stack.gateways[planned.target].kill()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_gateway(planned.target)

    async def _gateway_stop(self, fault, planned):
        await self._pause(self._stack.gateways[planned.target], planned)

    async def _workers_kill(self, fault, planned):
        self._stack.workers.kill()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_workers()

    async def _workers_stop(self, fault, planned):
        await self._pause(self._stack.workers, planned)

    async def _upstream_kill(self, fault, planned):
        self._stack.upstream.kill()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_upstream()

    async def _pause(self, child, planned):
        child.stop()
        await asyncio.sleep(planned.seconds)
        child.resume()

    # Redis

    async def _redis_kill(self, fault, planned):
        fault.forgets_since = fault.begun - EVERYSEC_SECONDS
        self._stack.redis.kill()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_redis()

    async def _redis_empty(self, fault, planned):
        fault.forgets_since = float("-inf")
        self._stack.redis.kill()
        shutil.rmtree(self._stack.redis_data)
        self._stack.redis_data.mkdir()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_redis()

    async def _redis_older(self, fault, planned):
        self._stack.redis.kill()
        # Not the copy of a moment ago: that would be hardly older.
        older = [each for each in self._snapshots if each[0] < fault.begun - 3] or self._snapshots[:1]
        if older:
            taken, copy = older[-1]
            fault.forgets_since = taken - EVERYSEC_SECONDS
            fault.detail = f"a copy of {taken:.1f}"
            shutil.rmtree(self._stack.redis_data)
            shutil.copytree(copy, self._stack.redis_data)
        else:
            fault.forgets_since = fault.begun - EVERYSEC_SECONDS
            fault.detail = "no copy yet: its own files"
        await asyncio.sleep(planned.seconds)
        await self._stack.start_redis()

    async def _redis_stop(self, fault, planned):
        await self._pause(self._stack.redis, planned)

    async def _redis_scripts(self, fault, planned):
        with redis.RedisClient(self._stack.redis_socket, seconds=5) as client:
            client("SCRIPT", "FLUSH")

    async def _redis_clients(self, fault, planned):
        with redis.RedisClient(self._stack.redis_socket, seconds=5) as client:
            killed = client("CLIENT", "KILL", "TYPE", "normal")
            fault.detail = f"{killed} connections"

    async def _copy_aof(self):
        """Keeps copies of the append-only files: each is a beginning of them, as a backup or a lagging disk would be."""
        number = 0
        while True:
            await asyncio.sleep(4)
            lock = self._locks.setdefault("redis", asyncio.Lock())
            async with lock:
                number += 1
                copy = self._stack.folder / f"redis-copy-{number}"
                taken = now() - self._started
                shutil.copytree(self._stack.redis_data, copy)
                self._snapshots.append((taken, copy))
            while len(self._snapshots) > 5:
                shutil.rmtree(self._snapshots.pop(0)[1])

    # PostgreSQL

    async def _postgres_kill(self, fault, planned):
        self._stack.postgres.kill()
        await asyncio.sleep(planned.seconds)
        await self._stack.start_postgres()

    async def _postgres_away(self, fault, planned):
        # A fast shutdown: sessions are ended, everything is written.
        await self._stack.postgres.end(signal.SIGINT)
        await asyncio.sleep(planned.seconds)
        await self._stack.start_postgres()

    async def _postgres_stop(self, fault, planned):
        await self._pause(self._stack.postgres, planned)
