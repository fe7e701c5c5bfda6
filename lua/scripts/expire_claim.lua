-- Forgets one idempotency claim, so that the next request with its key runs afresh. Atomic; one whose request may still
-- be running stays: forgetting it would let the same key execute twice.
--
-- KEYS  the claim
-- ARGV  1  now in ms (0 = Redis's clock)
-- Returns 1 when it was forgotten, 0 when there was none, -1 when its request may still be running.
-- O(fields).

local call = redis.call
local now = ARGV[1] + 0
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local claim = call('HMGET', KEYS[1], 's', 'l', 'e')
if not claim[1] or claim[3] + 0 <= now then return 0 end
if claim[1] == 'i' and claim[2] and claim[2] + 0 > now then return -1 end
return call('DEL', KEYS[1])
