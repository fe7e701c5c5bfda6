-- Notes that a gateway is alive, or that it leaves, and counts those that are. Atomic.
--
-- KEYS  the set of gateways
-- ARGV  the gateway's id, how long it counts without another call (ms; 0 takes it out)
-- Returns the number of gateways that count. O(log gateways).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[2] + 0 > 0 then
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('ZCARD', KEYS[1])
