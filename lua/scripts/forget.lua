-- Removes counters of hours that are over and safely recorded, unless they have grown since. Atomic.
--
-- KEYS  the meter hash
-- ARGV  field and the value that was recorded, alternately
-- Returns the number of fields removed. O(fields).

local removed = 0
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    removed = removed + redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return removed
