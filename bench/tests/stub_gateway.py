"""A gateway of a few lines with the behaviour that the acceptance checks look for, and faults on request."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BLOCK = bytes(range(256)) * 256


class SharedState:
    """What several stub gateways share, as gateways share Redis. `tokens` is the bucket; `faults` names what to get
    wrong: `admits-one-more`, `executes-twice`, `stale-key`, `loses-bytes`."""

    def __init__(self, tokens=10**9, faults=()):
        self.lock = threading.Lock()
        self.faults = set(faults)
        self.tokens = tokens + ("admits-one-more" in self.faults)
        self.jobs = 0
        self.answers = {}
        self.revoked = False


class StubGateway:
    """Use as a context manager; `url` is where it listens."""

    def __init__(self, state):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path == "/revoke":
                    state.revoked = True
                    return answer(self, 204)
                if state.revoked and "stale-key" not in state.faults:
                    return answer(self, 401)
                target = urlsplit(self.path)
                if target.path == "/v1/blob":
                    return blob(self, int(parse_qs(target.query)["bytes"][0]), state)
                with state.lock:
                    state.tokens -= 1
                    passes = state.tokens >= 0
                return answer(self, 200 if passes else 429)

            def do_POST(self):
                body = read_body(self)
                if self.path == "/v1/sink":
                    return answer(self, 200, json.dumps({
                        "bytes": body[0], "sha256": body[1]}).encode())
                with state.lock:
                    name = self.headers["Idempotency-Key"]
                    known = state.answers.get(name)
                    if known and not ("executes-twice" in state.faults and state.jobs == 1):
                        return answer(self, 202, known, {"Idempotent-Replayed": "true"})
                    state.jobs += 1
                    state.answers[name] = json.dumps({"id": f"job_{state.jobs}"}).encode()
                    return answer(self, 202, state.answers[name])

        class Server(ThreadingHTTPServer):
            request_queue_size = 512

            def handle_error(self, request, client_address):
                """A client or a gateway may give up at any time; the check that caused it says so."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def answer(handler, status, body=b"", fields=None):
    handler.send_response(status)
    for name, value in (fields or {}).items():
        handler.send_header(name, value)
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def blob(handler, size, state):
    handler.send_response(200)
    handler.send_header("Content-Length", str(size))
    handler.end_headers()
    try:
        for at in range(0, size, len(BLOCK)):
            block = BLOCK[:size - at]
            handler.wfile.write(bytes(len(block)) if "loses-bytes" in state.faults and at else block)
    except (BrokenPipeError, ConnectionResetError):
        pass


def read_body(handler):
    """(bytes, SHA-256) of the request's body."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(handler):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def pieces(handler):
    if handler.headers.get("Transfer-Encoding") == "chunked":
        while count := int(handler.rfile.readline(), 16):
            yield handler.rfile.read(count)
            handler.rfile.readline()
        handler.rfile.readline()
        return
    left = int(handler.headers.get("Content-Length", 0))
    while left:
        piece = handler.rfile.read(min(left, 65536))
        left -= len(piece)
        yield piece
