-- Writes the record of an org and then its version, unless a newer one is there. Atomic: whoever reads the version first
-- and the record after it never holds a record older than the version says.
--
-- KEYS  the org's version tag, the org's record
-- ARGV  the version, a fresh random word; then field and value of the record, alternately (the same fields every time)
-- Returns 1 when written, 0 when the stored version is newer. The word of a stored tag is kept: it names the epoch of
--       the org's counters, which lasts as long as this Redis remembers. O(fields).

local stored, word = redis.call('GET', KEYS[1]), ARGV[2]
if stored then
  local version, kept = string.match(stored, '^(%d+):(.*)$')
  if version and tonumber(version) > tonumber(ARGV[1]) then return 0 end
  word = kept or word
end
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. word)
return 1
