-- Prolongs the claim and the leases of a request that is still running. Atomic; what is gone stays gone.
--
-- KEYS  the claim (if there is one), the lease sets
-- ARGV  one packed string, written by HeartbeatCommand: d now (0 = Redis's clock), B whether there is a claim,
--       d claim ms, d lease ms, Bc0 owner of the claim, Bc0 lease id
-- Returns 1 when the claim was prolonged, else 0 (none, settled, or another's); the number of leases prolonged.
-- O(log leases). Twin: AdmissionModel.heartbeat.

local call = redis.call
local now, claimed, claimMs, leaseMs, owner, lease = struct.unpack('<dBddBc0Bc0', ARGV[1])
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local prolonged, leases = 0, 0
if claimed == 1 then
  local claim = call('HMGET', KEYS[1], 's', 'o', 'e')
  if (claim[1] == 'i' or claim[1] == 'x') and claim[2] == owner and claim[3] + 0 > now then
    call('HSET', KEYS[1], 's', 'i', 'l', now + claimMs)
    prolonged = 1
  end
end
for l = claimed + 1, #KEYS do
  local expiry = call('ZSCORE', KEYS[l], lease)
  if expiry and expiry + 0 > now then
    call('ZADD', KEYS[l], now + leaseMs, lease)
    call('PEXPIRE', KEYS[l], leaseMs + 60000, 'GT')
    leases = leases + 1
  end
end
return {prolonged, leases}
