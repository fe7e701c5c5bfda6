"""(b) nginx with ngx_lua, asking Redis by Tollgate's own admission script over kept-alive connections: as OpenResty,
Kong and APISIX do it, with the standard client; and a second one with every trick that we know."""

import math
import zlib
from pathlib import Path

from .base import Peer
from .nginx_files import FORWARD, Nginx
from .tollgate_records import publish, standing

ROOT = Path(__file__).resolve().parents[3]
ASSETS = Path(__file__).resolve().parent.parent / "assets"
MODULES = ("/usr/lib/nginx/modules/ndk_http_module.so", "/usr/lib/nginx/modules/ngx_http_lua_module.so")
NGX_LUA = {"nginx": "nginx", MODULES[1]: "libnginx-mod-http-lua"}

HTTP = FORWARD + """
    lua_package_path "@ASSETS@/?.lua;;";
    @LOAD@
    server {
        listen 127.0.0.1:@PORT@ backlog=1024;
        location / {
            set $tollgate_org "";
            set $tollgate_key "";
            set $tollgate_environment "";
            set $tollgate_plan "";
            access_by_lua_block { require("@MODULE@").access() }
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "";
            proxy_set_header X-Tollgate-Org $tollgate_org;
            proxy_set_header X-Tollgate-Key $tollgate_key;
            @FIELDS@
        }
    }
"""

# What the edge tells upstream and client besides: the same fields, set by nginx itself.
FIELDS = """
            proxy_set_header X-Tollgate-Environment $tollgate_environment;
            proxy_set_header X-Tollgate-Plan $tollgate_plan;
            proxy_set_header Host $http_host;
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header Forwarded "for=$remote_addr;host=\\"$http_host\\";proto=$scheme";
            proxy_set_header Via "1.1 bench";
            add_header X-Request-Id $request_id always;
"""


class NginxLua(Peer):
    """What a competent user of OpenResty writes with lua-resty-redis, lua-resty-string and lua-resty-lrucache."""

    name = "nginx-lua"
    label = "nginx + ngx_lua + lua-resty-redis, the same script"
    is_gated = True
    asks_redis = True
    packages = {**NGX_LUA, "/usr/share/lua/5.1/nginx/redis.lua": "lua-nginx-redis",
                "/usr/share/lua/5.1/nginx/sha256.lua": "lua-nginx-string",
                "/usr/share/lua/5.1/resty/lrucache.lua": "lua-resty-lrucache"}
    assets = ASSETS / "nginx_lua"
    module = "gateway"
    fields = FIELDS

    #: The admission script, set by the command line.
    script = ROOT / "lua" / "scripts" / "admit.lua"

    def start(self):
        self._nginx = None
        redis = self.stage.redis.client
        sha = redis("SCRIPT", "LOAD", composed(self.script)).decode()
        self.prepare(redis)
        settings = self.stage.folder / f"{self.name}-settings.lua"
        settings.write_text(self.settings(sha))
        http = HTTP
        for name, text in {"ASSETS": self.assets, "MODULE": self.module, "FIELDS": self.fields,
                           "LOAD": self.load(settings)}.items():
            http = http.replace(f"@{name}@", str(text))
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
        return f"{Nginx.version()}, {self._told.read_text()}"

    def metered(self):
        redis = self.stage.redis.client
        names = [f"{self.name}:m:{{{caller.org_id}}}" for caller in self.workload.callers]
        return standing(lambda: sum(int(value) for name in names for value in redis("HVALS", name)))

    @property
    def _told(self):
        """Where the worker writes the versions of what it runs on."""
        folder = self.stage.folder / f"{self.name}-versions"
        # The worker may run as another user.
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return folder / "versions.txt"

    def prepare(self, redis):
        """Keys and orgs are in Redis as Tollgate publishes them."""
        publish(redis, f"{self.name}:", self.workload.callers)

    def load(self, settings):
        return (f'init_by_lua_block {{ require("{self.module}").load(dofile("{settings}")) }}\n'
                f'    init_worker_by_lua_block {{ require("{self.module}").tell("{self._told}") }}')

    def settings(self, sha, more=""):
        limits = ",\n".join(self._limit(limit) for limit in self.workload.limits)
        policy = ", ".join(
            f'"{limit.name}";q={limit.capacity};w={math.ceil(limit.capacity * limit.period_ms / limit.refill / 1000)}'
            for limit in self.workload.limits)
        return f"""return {{
  redis = "unix:{self.stage.redis.socket_path}",
  prefix = "{self.name}:",
  script = "{sha}",
  meter = "requests",
  policy = '{policy}',
  limits = {{
{limits}
  }},
{more}}}
"""

    @staticmethod
    def _limit(limit):
        """A bucket in sub-units: `unit` of them make a token and `rate` of them come back each millisecond."""
        common = math.gcd(limit.refill, limit.period_ms)
        unit, rate = limit.period_ms // common, limit.refill // common
        identity = zlib.crc32(f"{limit.scope}:{limit.name}".encode())
        return (f'    {{name = "{limit.name}", scope = "{limit.scope}", shape = {identity * 64 + 1}, '
                f"capacity = {limit.capacity}, full = {limit.capacity * unit}, rate = {rate}, need = {unit}, "
                f"id = {identity}, unit = {unit}}}")


class NginxLuaTuned(NginxLua):
    """No library between it and the socket, nothing built for a request that could be built before."""

    name = "nginx-lua-tuned"
    label = "nginx + ngx_lua, a client of our own, all calls encoded beforehand"
    packages = NGX_LUA
    assets = ASSETS / "nginx_lua_tuned"
    module = "admission"
    fields = ""

    def prepare(self, redis):
        for caller in self.workload.callers:
            redis("SET", self._keys(caller)[0], self._tag(caller))

    def settings(self, sha, more=""):
        callers = ",\n".join(
            f'    {{digest = "{caller.digest}", key = "{caller.key_id}", org = "{caller.org_id}", '
            f'tag = "{self._tag(caller)}", meters = "{self.name}:m:{{{caller.org_id}}}", '
            f'keys = {{{", ".join(quoted(key) for key in self._keys(caller))}}}}}'
            for caller in self.workload.callers)
        return super().settings(sha, f"  callers = {{\n{callers}\n  }},\n")

    def _tag(self, caller):
        return f"1:{zlib.crc32(caller.org_id.encode()):08x}"

    def _keys(self, caller):
        """In the script's order: version, a group for each limit."""
        def name(kind, rest=""):
            return f"{self.name}:{kind}:{{{caller.org_id}}}{rest}"
        subjects = {"key": caller.key_id, "org": caller.org_id}
        groups = [name("b", f":l:{limit.scope[0]}:{subjects[limit.scope]}:b") for limit in self.workload.limits]
        return [name("v"), *groups]


def composed(script):
    """The script's text with what it includes in place of `--include NAME`, as the build composes it."""
    lines = script.read_text().split("\n")
    return "\n".join(
        script.with_name(f"{line.split()[1]}.lua").read_text() if line.lstrip().startswith("--include ") else line
        for line in lines)


def quoted(text):
    return f'"{text}"'
