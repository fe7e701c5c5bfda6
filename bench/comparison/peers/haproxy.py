"""(d) HAProxy as a plain reverse proxy."""

from ..processes import Process, accepts, family, first_line, free_port, program
from .base import Peer

CONFIGURATION = """
global
    nbthread 1
    maxconn 4096

defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 60s
    timeout http-keep-alive 75s
    option http-keep-alive
    http-reuse always

frontend edge
    bind 127.0.0.1:{port} backlog 1024
    default_backend jobs

backend jobs
    server upstream 127.0.0.1:{upstream} pool-max-conn 128
"""


class HAProxyForward(Peer):
    name = "haproxy"
    label = "HAProxy, forwarding only"
    packages = {"haproxy": "haproxy"}

    def start(self):
        self._process = None
        self._port = free_port()
        folder = self.stage.folder / self.name
        folder.mkdir()
        self._text = CONFIGURATION.format(port=self._port, upstream=self.stage.upstream.port)
        file = folder / "haproxy.cfg"
        file.write_text(self._text)
        self._process = Process(
            self.name, [program("haproxy"), "-db", "-f", file], folder, self.stage.placement.gateway)
        self._process.wait_until(lambda: accepts(self._port))

    def stop(self):
        if self._process:
            self._process.stop()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self):
        return family(self._process.pid)

    @property
    def command(self):
        return self._process.command

    def configuration(self):
        return self._text

    def version(self):
        return first_line(program("haproxy"), "-v")
