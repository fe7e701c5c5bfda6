"""(b) nginx with ngx_lua, asking Redis by Tollgate's own admission script over kept-alive connections: how OpenResty,
Kong and APISIX do it."""

import math
import zlib
from pathlib import Path

from .base import Peer
from .nginx_files import FORWARD, Nginx

ROOT = Path(__file__).resolve().parents[3]
ASSETS = Path(__file__).resolve().parent.parent / "assets" / "nginx_lua"
MODULES = ("/usr/lib/nginx/modules/ndk_http_module.so", "/usr/lib/nginx/modules/ngx_http_lua_module.so")

# What the edge does besides, and a gateway in front of a paid API has: request ids, forwarding fields, X-RateLimit fields
# (in Lua), metrics.
EXTENDED_HTTP = "lua_shared_dict metrics 1m;"
EXTENDED_LOCATION = """
            log_by_lua_block { require("admission").log() }
            add_header X-Request-Id $request_id always;
            add_header Via "1.1 bench" always;
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header Forwarded "for=$remote_addr;proto=$scheme;host=$http_host";
            proxy_set_header Via "1.1 bench";
            proxy_set_header Host $http_host;
"""

HTTP = FORWARD + """
    @EXTENDED_HTTP@
    lua_package_path "@ASSETS@/?.lua;;";
    init_by_lua_block { require("admission").load(dofile("@SETTINGS@")) }
    server {
        listen 127.0.0.1:@PORT@ backlog=1024;
        location / {
            set $tollgate_org "";
            set $tollgate_key "";
            access_by_lua_block { require("admission").access() }
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "";
            proxy_set_header X-Tollgate-Org $tollgate_org;
            proxy_set_header X-Tollgate-Key $tollgate_key;
            @EXTENDED_LOCATION@
        }
    }
"""


class NginxLua(Peer):
    name = "nginx-lua"
    label = "nginx + ngx_lua + Redis, the same script"
    is_gated = True
    #: The Lua module that talks to Redis.
    client = "client_lean"
    #: Whether it does what else the edge does.
    is_extended = False
    packages = {"nginx": "nginx", MODULES[1]: "libnginx-mod-http-lua"}

    #: The admission script, set by the command line.
    script = ROOT / "lua" / "scripts" / "admit.lua"

    def start(self):
        self._nginx = None
        redis = self.stage.redis.client
        sha = redis("SCRIPT", "LOAD", composed(self.script)).decode()
        for caller in self.workload.callers:
            redis("SET", self._keys(caller)[0], self._tag(caller))
        settings = self.stage.folder / f"{self.name}-settings.lua"
        settings.write_text(self._settings(sha))
        http = HTTP.replace("@ASSETS@", str(ASSETS)).replace("@SETTINGS@", str(settings))
        http = http.replace("@EXTENDED_HTTP@", EXTENDED_HTTP if self.is_extended else "")
        http = http.replace("@EXTENDED_LOCATION@", EXTENDED_LOCATION if self.is_extended else "")
        self._nginx = Nginx(self.name, http, self.stage, self.stage.placement.gateway, MODULES)

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
        return f"{Nginx.version()}, libnginx-mod-http-lua, {self.client}"

    def metered(self):
        redis = self.stage.redis.client
        hashes = (self._keys(caller)[-1] for caller in self.workload.callers)
        return sum(int(value) for name in hashes for value in redis("HVALS", name))

    def _tag(self, caller):
        return f"1:{zlib.crc32(caller.org_id.encode()):08x}"

    def _keys(self, caller):
        """In the script's order: version, a group for each limit, meters."""
        def name(kind, rest=""):
            return f"{self.name}:{kind}:{{{caller.org_id}}}{rest}"
        subjects = {"key": caller.key_id, "org": caller.org_id}
        groups = [name("b", f":l:{limit.scope[0]}:{subjects[limit.scope]}:b") for limit in self.workload.limits]
        return [name("v"), *groups, name("m")]

    def _settings(self, sha):
        limits = ",\n".join(self._limit(limit) for limit in self.workload.limits)
        callers = ",\n".join(
            f'    {{digest = "{caller.digest}", key = "{caller.key_id}", org = "{caller.org_id}", '
            f'tag = "{self._tag(caller)}", keys = {{{", ".join(quoted(key) for key in self._keys(caller))}}}}}'
            for caller in self.workload.callers)
        policy = ", ".join(
            f'"{limit.name}";q={limit.capacity};w={math.ceil(limit.capacity * limit.period_ms / limit.refill / 1000)}'
            for limit in self.workload.limits)
        return f"""return {{
  client = "{self.client}",
  extended = {str(self.is_extended).lower()},
  redis = "unix:{self.stage.redis.socket_path}",
  script = "{sha}",
  meter = "requests",
  policy = '{policy}',
  limits = {{
{limits}
  }},
  callers = {{
{callers}
  }},
}}
"""

    @staticmethod
    def _limit(limit):
        """A bucket in sub-units: `unit` of them make a token and `rate` of them come back each millisecond."""
        common = math.gcd(limit.refill, limit.period_ms)
        unit, rate = limit.period_ms // common, limit.refill // common
        identity = zlib.crc32(f"{limit.scope}:{limit.name}".encode())
        return (f'    {{name = "{limit.name}", shape = {identity * 64 + 1}, capacity = {limit.capacity}, '
                f"full = {limit.capacity * unit}, rate = {rate}, need = {unit}, id = {identity}, unit = {unit}}}")


class NginxLuaExtended(NginxLua):
    name = "nginx-lua-extended"
    label = "the same, with ids, forwarding fields and metrics"
    is_extended = True


def composed(script):
    """The script's text with what it includes in place of `--include NAME`, as the build composes it."""
    lines = script.read_text().split("\n")
    return "\n".join(
        script.with_name(f"{line.split()[1]}.lua").read_text() if line.lstrip().startswith("--include ") else line
        for line in lines)


def quoted(text):
    return f'"{text}"'
