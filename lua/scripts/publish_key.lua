-- Writes the record of an API key unless a newer one is there. Atomic.
--
-- KEYS  the record: one string, because there may be millions of them: the version, a space, and what the edge reads
-- ARGV  the version of the org that the record belongs to, the record without it
-- Returns 1 when written, 2 when another record of the key was there, 0 when the stored record is newer. O(1).
--       After a 2 gateways may hold the other one under the org's version of today: see RecordPublisher.

-- Something else than a string is what an older Tollgate wrote, or nobody of ours: it is replaced.
local stored = redis.pcall('GET', KEYS[1])
local version = type(stored) == 'string' and string.match(stored, '^(%d+) ')
if version and tonumber(version) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
if version and string.sub(stored, #version + 2) ~= ARGV[2] then return 2 end
return 1
