-- Settles one admitted request, once: its claim, its leases, what its response changed of quotas, the correction of its
-- cost. Atomic; a second call with the same guard releases leases and changes nothing else.
--
-- KEYS  the claim or mark (if there is a guard), the lease sets, the bucket groups to correct, the quota counters
-- ARGV  1  one packed string, written by SettleCommand:
--            d now (0 = Redis's clock), B guard (0 none, 1 claim, 2 mark), B action (0 none, 1 store a response, 2 store
--            that there is none to replay, 3 store a failure, 4 release), B leases, B groups, B quotas, d mark ms,
--            Bc0 owner of the claim, Bc0 lease id, then
--            group: as in group.lua, where need is what to take (below 0: to give back), then (d lowest level) each
--            quota: d amount (below 0: to give back)
--       2, 3, 4  what an action stores: status; header block, length or slug; body or SHA-256
-- Returns 1 when it settled, 0 when that was done before or the claim is another's.
-- O(buckets + log leases). Twin: AdmissionModel.settle.

local call, unpacked, packed = redis.call, struct.unpack, struct.pack
local blob, keys = ARGV[1], KEYS
local now, guard, action, leases, groups, quotas, markMs, owner, lease, pos = unpacked('<dBBBBBdBc0Bc0', blob)
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local key = guard > 0 and 1 or 0

for l = key + 1, key + leases do call('ZREM', keys[l], lease) end

if guard == 1 then
  local claim = call('HMGET', keys[1], 's', 'o', 'e')
  if claim[1] ~= 'i' or claim[2] ~= owner or claim[3] + 0 <= now then return 0 end
  if action == 4 then
    call('DEL', keys[1])
  elseif action > 0 then
    local state = action == 1 and 'd' or action == 2 and 'u' or 'f'
    call('HSET', keys[1], 's', state, 'c', ARGV[2], 'h', ARGV[3], 'b', ARGV[4])
    call('HDEL', keys[1], 'o', 'l')
  end
elseif guard == 2 then
  if not call('SET', keys[1], '', 'NX', 'PX', markMs) then return 0 end
end

key = key + leases
--include group
for g = key + 1, key + groups do
  local first = b + 1
  pos = readGroup(g, call('GET', keys[g]), pos)
  for i = first, b do
    local level, lowest = levels[i] - needs[i]
    lowest, pos = unpacked('<d', blob, pos)
    if level > fulls[i] then level = fulls[i] end
    if level < lowest then level = lowest end
    levels[i] = level
  end
  writeGroup(g, first, b)
end

key = key + groups
for q = key + 1, key + quotas do
  local amount
  amount, pos = unpacked('<d', blob, pos)
  if call('INCRBY', keys[q], amount) == amount then call('PEXPIRE', keys[q], '3888000000') end
end
return 1
