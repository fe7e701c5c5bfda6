-- Decides admissions. One call carries one or more entries; an entry is `n` identical requests of one principal to one
-- route. Entries are decided in order, each exactly as if its requests had come one by one at this instant. Atomic: an
-- entry takes and counts everything for those it admits, and a refusal writes nothing.
--
-- KEYS  first what is read at once, entry by entry: the org's version, its bucket groups, its quota counters;
--       then, entry by entry: its lease sets, its claim (if it is keyed)
-- ARGV  one packed string (struct, little-endian), written by AdmissionTemplate and AdmissionCall:
--         call    d now (0 = Redis's clock), d start and d end of the month named in quota keys (ms), H entries,
--                 H keys read at once
--         entry   H bytes of the entry, H n, B kind (2 x leases + 1 if keyed), B groups, B quotas, Bc0 version tag, then
--           leases: d lease ms, (d max) each, (Bc0 lease id) n times
--           keyed:  d claim ms, d retention ms, B whether the upstream is idempotent, Bc0 fingerprint, Bc0 owner,
--                   Bc0 request id, Bc0 with a byte for every bucket: whether it counts requests
--           group:  as in group.lua
--           quota:  d limit, d amount
-- Returns integers (zeros may follow): now; then for every entry its outcome, and unless it is stale its levels, quota
--       counters and leases:
--       > 0 so many of n are admitted, 0 refused, -1 stale version,
--       -2 the month is over (the only entry, nothing was decided),
--       -3 replay, -7 unreplayable, -8 failed: then three strings, status, and for -3 header block, body; for -7 length,
--       SHA-256; for -8 problem slug, empty; and the id of the first request
--       -4 in progress, -5 other fingerprint, -6 outcome unknown: then the id of the first request
-- O(buckets + log leases). Twin: AdmissionModel.

local call, unpacked, packed = redis.call, struct.unpack, struct.pack
local blob, keys = ARGV[1], KEYS
local now, from, to, entries, read, at = unpacked('<dddHH', blob)
if now == 0 then
  local time = call('TIME')
  local us = time[2] + 0
  now = time[1] * 1000 + (us - us % 1000) / 1000
end
if now < from or now >= to then return {now, -2} end
local states
if read == 3 then
  states = call('MGET', keys[1], keys[2], keys[3])
else
  states = call('MGET', unpack(keys, 1, read))
end
local reply, slot, writes, written = {now, 0, 0, 0, 0}, 1, {}, {}
local key, other = 1, read + 1

for _ = 1, entries do
  local size, n, kind, groups, quotas, tag, body = unpacked('<HHBBBBc0', blob, at)
  local firstGroup, lastGroup, lastQuota = key + 1, key + groups, key + groups + quotas
  slot = slot + 1
  if states[key] ~= tag then
    reply[slot] = -1
  else
    -- What an entry before this one has written is read again.
    for s = firstGroup, lastQuota do
      if written[keys[s]] then states[s] = call('GET', keys[s]) end
    end

    -- The common case in one pass: nothing is leased or claimed, every state is there, everything fits.
    local pos, start, fits = body, slot, kind == 0
    reply[slot] = n
    for g = firstGroup, lastGroup do
      local state = states[g]
      if not (state and fits) then fits = false break end
      local shape, full, rate, need, rest = unpacked('<dddd', blob, pos)
      local known, last, expiry, level = unpacked('<dddd', state)
      if known ~= shape then fits = false break end
      local left, dt, buckets = expiry - now, now - last, shape % 64
      if dt < 0 then dt = 0 end
      level = level + dt * rate
      if level > full then level = full end
      if level < need * n then fits = false break end
      level = level - need * n
      if full - level > left * rate then fits = false break end
      slot = slot + 1
      reply[slot] = level
      if buckets == 1 then
        writes[g] = packed('<ddd', now, expiry, level)
      else
        local first = slot
        for bucket = 2, buckets do
          full, rate, need, rest = unpacked('<ddd', blob, rest)
          level = unpacked('<d', state, 17 + 8 * bucket) + dt * rate
          if level > full then level = full end
          if level < need * n then fits = false break end
          level = level - need * n
          if full - level > left * rate then fits = false break end
          slot = slot + 1
          reply[slot] = level
        end
        if buckets == 2 then
          writes[g] = packed('<dddd', now, expiry, reply[first], level)
        elseif fits then
          writes[g] = packed('<dd' .. string.rep('d', buckets), now, expiry, unpack(reply, first, slot))
        end
      end
      pos = rest + 16 * buckets
    end
    if fits then
      for q = lastGroup + 1, lastQuota do
        local limit, amount, rest = unpacked('<dd', blob, pos)
        local used = states[q]
        pos = rest
        if not used then
          if amount > 0 then fits = false break end
          used = 0
        end
        amount = amount * n
        used = used + 0
        if used >= limit or used + amount > limit then fits = false break end
        slot = slot + 1
        reply[slot] = used + amount
        writes[q] = amount
      end
    end

    if fits then
      for g = firstGroup, lastGroup do
        local name = keys[g]
        call('SETRANGE', name, '8', writes[g])
        written[name] = true
      end
      for q = lastGroup + 1, lastQuota do
        local name, amount = keys[q], writes[q]
        if amount > 0 then
          call('INCRBY', name, amount == 1 and '1' or amount)
          written[name] = true
        end
      end
    else
      -- Every other case: read all and count how many fit, then decide, then write.
      --include group
      local k = n
      local leases, keyed = (kind - kind % 2) / 2, kind % 2 == 1
      local leaseSet, leaseMs, maxima, ids = other - 1, 0, {}, {}
      local claim, claimMs, keepMs, again, print, owner, request, mask
      slot, pos = start, body
      if leases > 0 then
        leaseMs, pos = unpacked('<d', blob, pos)
        for l = 1, leases do maxima[l], pos = unpacked('<d', blob, pos) end
        for i = 1, n do ids[i], pos = unpacked('<Bc0', blob, pos) end
      end
      if keyed then
        claimMs, keepMs, again, print, owner, request, mask, pos = unpacked('<ddBBc0Bc0Bc0Bc0', blob, pos)
        claim = keys[leaseSet + leases + 1]
      end

      for g = firstGroup, lastGroup do pos = readGroup(g, states[g], pos) end
      for i = 1, b do
        local level, need = levels[i], needs[i]
        if level < need * k then k = need > 0 and (level - level % need) / need or 0 end
      end
      local used, amounts, counts = {}, {}, {}
      for q = lastGroup + 1, lastQuota do
        local limit, amount, rest = unpacked('<dd', blob, pos)
        local sum = (states[q] or 0) + 0
        pos = rest
        if sum >= limit then
          k = 0
        elseif sum + amount * k > limit then
          k = (limit - sum - (limit - sum) % amount) / amount
        end
        used[q], amounts[q] = sum, amount
      end
      for l = 1, leases do
        local count = call('ZCOUNT', keys[leaseSet + l], '(' .. now, '+inf')
        if maxima[l] - count < k then k = maxima[l] - count end
        counts[l] = count
      end
      if k < 0 then k = 0 end

      local outcome, first, held = k, '', nil
      if keyed then
        held = call('HMGET', claim, 's', 'f', 'l', 'r', 'e')
        if held[1] and held[5] + 0 > now then
          first = held[4]
          if held[2] ~= print then
            outcome = -5
          elseif held[1] == 'd' then
            outcome = -3
          elseif held[1] == 'u' then
            outcome = -7
          elseif held[1] == 'f' then
            outcome = -8
          elseif held[3] + 0 > now then
            outcome = -4
          elseif again == 0 then
            outcome = -6
          end
        end
      end

      -- A stored result costs what buckets that count requests can spare; a refusal, a conflict cost nothing.
      local stored = outcome == -3 or outcome == -7 or outcome == -8
      if outcome > 0 or stored then
        local last = 0
        for g = firstGroup, lastGroup do
          local begin, changed = last + 1, not stored
          last = last + shapes[g] % 64
          for i = begin, last do
            local take = needs[i] * k
            if stored then
              take = string.byte(mask, i) == 1 and levels[i] >= needs[i] and needs[i] or 0
              if take > 0 then changed = true end
            end
            levels[i] = levels[i] - take
          end
          if changed then
            writeGroup(g, begin, last)
            written[keys[g]] = true
          end
        end
      end
      reply[slot] = outcome
      for i = 1, b do reply[slot + i] = levels[i] end
      slot = slot + b
      for q = lastGroup + 1, lastQuota do
        local name, amount = keys[q], amounts[q] * k
        if outcome > 0 and amount > 0 then
          used[q] = call('INCRBY', name, amount)
          if not states[q] then call('PEXPIRE', name, '3888000000') end
          written[name] = true
        end
        slot = slot + 1
        reply[slot] = used[q]
      end
      for l = 1, leases do
        local name = keys[leaseSet + l]
        if outcome > 0 then
          call('ZREMRANGEBYSCORE', name, '-inf', now)
          for i = 1, k do call('ZADD', name, now + leaseMs, ids[i]) end
          if counts[l] == 0 then
            call('PEXPIRE', name, leaseMs + 60000)
          else
            call('PEXPIRE', name, leaseMs + 60000, 'GT')
          end
          counts[l] = counts[l] + k
        end
        reply[slot + l] = counts[l]
      end
      slot = slot + leases
      if outcome > 0 then
        if keyed then
          if held[1] then call('DEL', claim) end
          call('HSET', claim, 's', 'i', 'f', print, 'o', owner, 'l', now + claimMs, 'r', request, 'e', now + keepMs)
          call('PEXPIRE', claim, keepMs)
        end
      elseif stored then
        local result = call('HMGET', claim, 'c', 'h', 'b')
        for i = 1, 3 do reply[slot + i] = result[i] or '' end
        slot = slot + 4
        reply[slot] = first
      elseif outcome < 0 then
        slot = slot + 1
        reply[slot] = first
      end
    end
  end
  at = at + size
  key = lastQuota + 1
  other = other + (kind - kind % 2) / 2 + kind % 2
end
return reply
