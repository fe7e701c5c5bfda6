-- The packed argument of Tollgate's admission script for one request, as the headers of admit.lua and group.lua describe
-- it: every limit is a group of one bucket; no quota, no lease, no claim. Filled into a C struct, which LuaJIT
-- compiles to plain stores.

local ffi = require("ffi")
local char, floor, date, concat = string.char, math.floor, os.date, table.concat
local copied = ffi.string

ffi.cdef([[
  typedef struct __attribute__((packed)) {
    double now, from, to;
    uint16_t entries, keys_read_at_once;
    uint16_t size, requests;
    uint8_t kind, groups, quotas;
  } tollgate_call;
  typedef struct __attribute__((packed)) { double shape, full, rate, need, id, unit; } tollgate_group;
]])

local call = ffi.new("tollgate_call")
local groups = ffi.new("tollgate_group[8]")
local CALL_SIZE, GROUP_SIZE = ffi.sizeof("tollgate_call"), ffi.sizeof("tollgate_group")
-- Of the call's struct, what belongs to the entry but its size field.
local ENTRY_HEAD = 5

local month = {from = 0, to = 0}

local function first_of_month(year, number)
  -- Days since 1970-01-01 of a civil date (Howard Hinnant's algorithm, for the first of a month).
  local y = number <= 2 and year - 1 or year
  local era = floor(y / 400)
  local of_era = y - era * 400
  local of_year = floor((153 * ((number + 9) % 12) + 2) / 5)
  return (era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468) * 86400000
end

local function turn_month(now)
  local today = date("!*t", now / 1000)
  local year, following = today.year, today.month + 1
  if following > 12 then year, following = year + 1, 1 end
  month.from, month.to = first_of_month(today.year, today.month), first_of_month(year, following)
end

local arguments = {}

function arguments.encode(limits, caller, now)
  if now < month.from or now >= month.to then turn_month(now) end
  local count, tag = #limits, caller.tag
  for i = 1, count do
    local limit, group = limits[i], groups[i - 1]
    group.shape, group.full, group.rate = limit.shape, limit.full, limit.rate
    group.need, group.id, group.unit = limit.need, limit.id, limit.unit
  end
  call.from, call.to = month.from, month.to
  call.entries, call.keys_read_at_once = 1, 1 + count
  call.size = 2 + ENTRY_HEAD + 1 + #tag + count * GROUP_SIZE
  call.requests, call.groups = 1, count
  return concat({copied(call, CALL_SIZE), char(#tag), tag, copied(groups, count * GROUP_SIZE)})
end

return arguments
