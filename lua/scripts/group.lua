-- Part of admit.lua and settle.lua, put in where they say `--include group`: reads and writes the packed state of a
-- group of buckets in every case, a change of limits included.
--
-- KEYS, ARGV  those of the script; the names `keys`, `blob`, `now`, `call`, `packed`, `unpacked` are its
-- Record of a group in `blob`: d shape (hash of the list of buckets x 64 + buckets), (d full, d rate, d need) each,
--       (d id, d unit) each
-- State of a group: d shape, d time, d expiry, (d level) each, (d id, d unit) each, then what earlier lists of buckets
--       left behind: (d id, d unit, d level, d time) each. Levels and `full` are sub-units: `unit` of them make a token
-- Returns  nothing to a client; atomic as the script around it. Twin: BucketGroupState.

local levels, fulls, rates, needs, b = {}, {}, {}, {}, 0
local shapes, tails, expiries, kept = {}, {}, {}, {}

-- Appends the buckets of the group whose record is at `pos` to levels, fulls, rates, needs; returns the position after.
local function readGroup(g, state, pos)
  local shape, known, last, expiry
  shape, pos = unpacked('<d', blob, pos)
  local buckets = shape % 64
  local names = pos + 24 * buckets
  local tail, old, order = string.sub(blob, names, names + 16 * buckets - 1), {}, {}
  if state then
    known, last, expiry = unpacked('<ddd', state)
    if now >= expiry then state = false end
  end
  if state and known == shape then
    expiries[g] = expiry
    tail = string.sub(state, 25 + 8 * buckets)
  elseif state then
    -- Limits have changed: levels are found by the id of their bucket.
    local size = known % 64
    for i = 1, size do
      local id, unit = unpacked('<dd', state, 9 + 8 * size + 16 * i)
      local level = unpacked('<d', state, 17 + 8 * i)
      old[id], order[i] = {id, unit, level, last}, id
    end
    for i = 25 + 24 * size, #state, 32 do
      local id, unit, level, since = unpacked('<dddd', state, i)
      old[id], order[#order + 1] = {id, unit, level, since}, id
    end
  end
  for i = 1, buckets do
    local full, rate, need, rest = unpacked('<ddd', blob, pos)
    local level, since = full, now
    if expiries[g] then
      level, since = unpacked('<d', state, 17 + 8 * i), last
    elseif state then
      local id, unit = unpacked('<dd', blob, names + 16 * (i - 1))
      local was = old[id]
      if was then
        level, since = was[3], was[4]
        if was[2] ~= unit then level = (level - level % was[2]) / was[2] * unit end
        old[id] = nil
      end
    end
    if now > since then level = level + (now - since) * rate end
    if level > full then level = full end
    b = b + 1
    levels[b], fulls[b], rates[b], needs[b] = level, full, rate, need
    pos = rest
  end
  local room = 16
  for i = 1, #order do
    local was = old[order[i]]
    if was and room > 0 then
      tail = tail .. packed('<dddd', was[1], was[2], was[3], was[4])
      room = room - 1
      kept[g] = expiry - now
    end
  end
  shapes[g], tails[g] = shape, tail
  return names + 16 * buckets
end

-- Writes levels[first] ... levels[last] as the state of a group that was read.
local function writeGroup(g, first, last)
  local expiry, horizon = expiries[g], 0
  for i = first, last do
    local missing, rate = fulls[i] - levels[i], rates[i]
    if expiry and missing > (expiry - now) * rate then expiry = nil end
    if missing / rate > horizon then horizon = missing / rate end
  end
  local format = string.rep('d', last - first + 1)
  if expiry then
    call('SETRANGE', keys[g], '8', packed('<dd' .. format, now, expiry, unpack(levels, first, last)))
  else
    -- Kept until long after the last bucket is full, so that its expiry is seldom set again.
    local ttl = horizon * 2
    ttl = ttl - ttl % 1 + 60000
    if kept[g] and kept[g] > ttl then ttl = kept[g] end
    call('SET', keys[g], packed('<ddd' .. format, shapes[g], now, now + ttl, unpack(levels, first, last)) .. tails[g],
      'PX', ttl)
  end
end
