"""What `make bench-first` measures, and the bars it is held against."""

from dataclasses import dataclass

from .figures import Bar

DEFAULT_PEERS = ("nginx", "nginx-lua", "nginx-lua-tuned", "tollgate", "haproxy")

BARS = (
    Bar("CPU per request, Tollgate ÷ nginx + ngx_lua + Redis", "tollgate", "nginx-lua", "cpu_us", at_most=0.5),
    Bar("CPU per request, Tollgate ÷ nginx forwarding only", "tollgate", "nginx", "cpu_us", at_most=1.6),
    Bar("throughput, Tollgate ÷ nginx + ngx_lua + Redis", "tollgate", "nginx-lua", "requests_per_second"),
    Bar("p99, Tollgate ÷ nginx + ngx_lua + Redis", "tollgate", "nginx-lua", "p99_ms"),
    Bar("CPU per request, nginx + ngx_lua + Redis ÷ nginx forwarding only", "nginx-lua", "nginx", "cpu_us"),
    Bar("CPU per request, HAProxy ÷ nginx, both forwarding only", "haproxy", "nginx", "cpu_us"),
)


@dataclass(frozen=True)
class Plan:
    peers: tuple
    rounds: int = 5
    #: Runs of each peer that make up one round.
    slices: int = 4
    #: Of one run.
    seconds: int = 1
    warm_up_seconds: int = 2
    keys: int = 1
    connections: int = 64
    pinned: bool = True
    bars: tuple = BARS
