-- Ends the claim of a request whose gateway has died: its lease has been over for some time and nobody settled it. Atomic.
-- Its outcome stays unknown; a gateway that was only slow may still settle or prolong it.
--
-- KEYS  the claim
-- ARGV  1  now in ms (0 = Redis's clock); 2  how long the lease must have been over, in ms
-- Returns 1 when it ended, 0 when there is none, or it runs, or has ended.
-- O(1).

local call = redis.call
local now = ARGV[1] + 0
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local claim = call('HMGET', KEYS[1], 's', 'l')
if claim[1] ~= 'i' or not claim[2] or claim[2] + ARGV[2] > now then return 0 end
call('HSET', KEYS[1], 's', 'x')
return 1
