"""(a) nginx as a plain reverse proxy: no keys, no limits. The floor."""

from .base import Peer
from .nginx_files import FORWARD, PACKAGES, Nginx

HTTP = FORWARD + """
    server {
        listen 127.0.0.1:@PORT@ backlog=1024;
        location / {
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""


class NginxForward(Peer):
    name = "nginx"
    label = "nginx, forwarding only"
    packages = PACKAGES

    def start(self):
        self._nginx = None
        self._nginx = Nginx(self.name, HTTP, self.stage, self.stage.placement.gateway)

    def stop(self):
        if self._nginx:
            self._nginx.stop()

    @property
    def base_url(self):
        return self._nginx.base_url

    @property
    def pids(self):
        return self._nginx.pids

    @property
    def command(self):
        return self._nginx.command

    def configuration(self):
        return self._nginx.text

    def version(self):
        return Nginx.version()
