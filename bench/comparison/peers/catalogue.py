"""All peers by name, in the order in which tables show them."""

from .envoy import Envoy
from .haproxy import HAProxyForward
from .nginx_forward import NginxForward
from .nginx_lua import NginxLua, NginxLuaTuned
from .tollgate import Tollgate

PEERS = {peer.name: peer for peer in (NginxForward, HAProxyForward, NginxLua, NginxLuaTuned, Envoy, Tollgate)}
