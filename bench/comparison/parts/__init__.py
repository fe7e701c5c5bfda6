"""The parts of `make bench`, each a function that starts what it needs, measures in alternating rounds, stops everything,
and gives a list of `Figure`.

gates       CPU and throughput beside nginx, HAProxy, nginx + ngx_lua and Envoy
latency     what is added to p99 at half load, open loop
hot_key     one key with a small bucket: decisions exactly as one by one
replay      a stored answer against the same request forwarded
memory      the idle process, and idle connections
threads     two event loops against one
script      a decision against a HINCRBY, by Redis's own CPU
cluster     three Redis Cluster nodes against one
"""
