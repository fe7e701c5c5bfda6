-- Raises counters of usage to what their gateway has counted so far. Atomic, and harmless when it comes twice, late or out
-- of order: a counter never goes back.
--
-- KEYS  the meter hash
-- ARGV  how long to keep the hash (ms), then field and value, alternately
-- Returns the number of fields that rose. O(fields).

local risen = 0
for i = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if not known or known + 0 < ARGV[i + 1] + 0 then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    risen = risen + 1
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return risen
