-- Renews what a gateway may spend of every limit while Redis is away: a part 1/d. The parts of all gateways together are
-- never more than the whole; a part whose buckets start full is granted only out of capacity that nobody has spent.
-- Atomic. Domain/Failure/ShareLedger.swift says why.
--
-- KEYS  the hash of holders: `ledger` is d since, d unspent, Bc0 run; `g:ID` is d sequence, d divisor, d returned,
--       B whether a grant of full buckets is unheard, d until, Bc0 run
-- ARGV  the gateway's id; sequence of the renewal; d, 0 for no part; what it has returned in its life; the run of Redis that
--       it means; how long it counts without another renewal (ms; 0: it leaves); how long a Redis that is new hears gateways
--       before it grants anything (ms); now (ms; 0: Redis's clock)
-- Returns d (0: no part), 1 where its buckets start full, the number of gateways that count.
-- O(gateways). Twin: ShareLedger.renew.

local call, packed, unpacked = redis.call, struct.pack, struct.unpack
local id, run, now = 'g:' .. ARGV[1], ARGV[5], ARGV[8] + 0
local sequence, divisor, returned = ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0
local keepMs, settleMs = ARGV[6] + 0, ARGV[7] + 0
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function part(d) return d > 0 and 1 / d or 0 end

local since, unspent, known, me, held, count = 0, 0, '', nil, 0, 0
local all = call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name, value = all[i], all[i + 1]
  if name == 'ledger' then
    since, unspent, known = unpacked('<ddBc0', value)
  else
    local his = {}
    his.sequence, his.divisor, his.returned, his.pending, his.till, his.run = unpacked('<dddBdBc0', value)
    if his.till <= now then
      call('HDEL', KEYS[1], name)
    else
      count = count + 1
      if name == id then me = his else held = held + part(his.divisor) end
    end
  end
end

if known == '' then
  unspent = 1
elseif known ~= run then
  -- It may be an older state: what was returned to it may have been granted since.
  unspent = 0
end
if known ~= run then since = now end

local function answer()
  call('HSET', KEYS[1], 'ledger', packed('<ddBc0', since, unspent, #run, run))
  return {me and me.divisor or 0, me and me.pending or 0, count}
end

if me and sequence <= me.sequence then return answer() end

-- What it gave up untouched, or was granted and never heard of, is there again.
if me and me.run == run then
  if returned > me.returned then unspent = unspent + returned - me.returned end
  if me.pending == 1 and divisor == 0 then unspent = unspent + part(me.divisor) end
elseif not me and keepMs > 0 then
  unspent = math.max(0, unspent - part(divisor))
end
if keepMs == 0 then
  if me then
    call('HDEL', KEYS[1], id)
    me, count = nil, count - 1
  end
  return answer()
end
if not me then count = count + 1 end
me = {divisor = divisor, pending = 0}

local told
if divisor > 0 and divisor < count then
  -- Told to hold less; there is room for others once it says that it does.
  told = count
elseif divisor ~= count and now - since >= settleMs then
  local room = 1 - held
  if room * 1000000 >= 1 then
    local granted = math.max(count, math.ceil(1 / room - 1e-9))
    if divisor == 0 or granted < divisor then
      me.divisor = granted
      if divisor == 0 and unspent + 1e-9 >= part(granted) then
        unspent = math.max(0, unspent - part(granted))
        me.pending = 1
      end
    end
  end
end
call('HSET', KEYS[1], id,
  packed('<dddBdBc0', sequence, me.divisor, returned, me.pending, now + keepMs, #run, run))
me.divisor = told or me.divisor
return answer()
