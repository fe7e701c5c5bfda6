"""A figure counts only if the work behind it was done: every peer answers as it should before it is measured, and what
it was loaded with has passed through script and meters afterwards."""

import http.client
import random
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from .redis import RedisClient
from .workload import make_key


class CheckFailure(Exception):
    """A peer does not do the work it is measured for."""


@dataclass(frozen=True)
class ScriptCall:
    """What one request makes Redis do: the call as it arrived, and the commands that the script ran."""

    keys: int
    argument_bytes: int
    commands: tuple


def ask(base_url, path, headers):
    """One request on a connection of its own: (status, header fields, body)."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def check_answers(peer):
    """Every caller gets the upstream's answer; a gated peer lets neither an unknown key pass nor a missing one."""
    workload = peer.workload
    for caller in workload.callers:
        status, headers, body = ask(peer.base_url, workload.path, workload.authorization(caller.key))
        if status != 200 or body != workload.answer:
            raise CheckFailure(f"{peer.name}: expected 200 and the upstream's answer for {caller.key_id}, "
                               f"got {status}: {body[:300]}")
        if peer.is_gated and peer.limit_field not in headers:
            raise CheckFailure(f"{peer.name}: the answer has no {peer.limit_field} field, so nothing shows that it was limited")
    if not peer.is_gated:
        return
    unknown = make_key(random.Random("a key that nobody has"))
    # Where the records behind Redis are away, nobody can say that a key is unknown.
    for headers, allowed in ((workload.authorization(unknown), (401, 503)), ({}, (401,))):
        status, _, body = ask(peer.base_url, workload.path, headers)
        if status not in allowed:
            raise CheckFailure(f"{peer.name}: expected {allowed[0]} for {headers or 'a request without a key'}, "
                               f"got {status}: {body[:300]}")


def watch_request(peer, stage):
    """Watches Redis while `peer` serves one request of a caller that it knows."""
    caller = peer.workload.callers[0]
    watcher = RedisClient(stage.redis.socket_path)
    try:
        watcher("MONITOR")
        ask(peer.base_url, peer.workload.path, peer.workload.authorization(caller.key))
        stage.redis.client("ECHO", "end-of-request")
        lines = []
        while b"end-of-request" not in (line := watcher.read()):
            lines.append(line)
    finally:
        watcher.close()
    return of_requests(lines)


def of_requests(lines):
    """Without the calls that a gateway makes on no request's behalf (enrolment, usage): a decision's first key is the version
    of the org, or another of the peer's own; theirs are the gateways' shares and a meter hash."""
    kept, is_background = [], False
    for line in lines:
        if b" lua] " not in line:
            words = monitor_words(line)
            first_key = words[3] if words[0].upper() == b"EVALSHA" and len(words) > 3 else b""
            is_background = first_key.endswith(b"shares") or b"m:{" in first_key
        if not is_background:
            kept.append(line)
    return kept


def observe_call(peer, stage):
    """What one request of a caller that `peer` knows makes Redis do."""
    return read_monitor(peer.name, watch_request(peer, stage))


def only_call(name, lines):
    """The words of the one script call among lines of MONITOR: `time [db source] "WORD" "WORD"...`."""
    calls = [line for line in lines if b"] \"EVALSHA\"" in line.upper()]
    if len(calls) != 1:
        raise CheckFailure(f"{name}: one request made {len(calls)} script calls; expected one")
    return monitor_words(calls[0])


def read_monitor(name, lines):
    """The script call among lines of MONITOR, and what the script ran."""
    words = only_call(name, lines)
    keys = int(words[2])
    commands = tuple(monitor_words(line)[0].decode().upper() for line in lines if b" lua] " in line)
    return ScriptCall(keys, sum(len(word) for word in words[3 + keys:]), commands)


def monitor_words(line):
    """Undoes MONITOR's quoting."""
    text = line[line.index(b"] ") + 2:]
    words, word, at = [], bytearray(), 1
    escapes = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("a"): 7, ord("b"): 8}
    while at < len(text):
        byte = text[at]
        if byte == ord("\\") and text[at + 1] == ord("x"):
            word.append(int(text[at + 2:at + 4], 16))
            at += 4
        elif byte == ord("\\"):
            word.append(escapes.get(text[at + 1], text[at + 1]))
            at += 2
        elif byte == ord('"'):
            words.append(bytes(word))
            word.clear()
            at += 3  # the quote, a space, the next quote
        else:
            word.append(byte)
            at += 1
    return words


def settled_meters(peer, seconds=5):
    """What the peer's meters say once nothing is on the way any more: a request whose client has gone is counted when it
    is admitted, and taken back a little later."""
    last, deadline = peer.metered(), time.monotonic() + seconds
    while last is not None and time.monotonic() < deadline:
        time.sleep(0.1)
        now = peer.metered()
        if now == last:
            break
        last = now
    return last


def check_meters(peer, before, samples):
    """What the meters counted is what was served. Each run, and the warm-up before the first, ends with up to one request
    on the way for each connection, which is counted although nobody reads its answer."""
    after = settled_meters(peer)
    if before is None or after is None:
        return None
    served = sum(sample.outcome.requests for sample in samples)
    counted = after - before
    slack = peer.workload.connections * (sum(sample.runs for sample in samples) + 1)
    if not served <= counted <= served + slack:
        raise CheckFailure(f"{peer.name}: the load saw {served} answers, the meters counted {counted}; "
                           f"expected between {served} and {served + slack}")
    return counted


def check_samples(samples, gated):
    """No errors under load, and a gated peer decided in Redis."""
    for sample in samples:
        if sample.errors:
            outcome = sample.outcome
            raise CheckFailure(
                f"{sample.peer}, round {sample.round}: {outcome.refused} answers of 400 and above, {outcome.broken} broken "
                f"connections, {outcome.timeouts} timeouts in {outcome.requests} requests; expected none")
        if sample.peer in gated and sample.script_calls == 0:
            raise CheckFailure(f"{sample.peer}, round {sample.round}: Redis served no script call")
