-- Writes the record of the system unless a newer one is there. Atomic.
--
-- KEYS  the record
-- ARGV  the version that the record belongs to; then field and value, alternately (the same fields every time)
-- Returns 1 when written, 0 when the stored record is newer. O(fields).

local stored = redis.call('HGET', KEYS[1], 'ver')
if stored and tonumber(stored) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'ver', ARGV[1], unpack(ARGV, 2))
return 1
