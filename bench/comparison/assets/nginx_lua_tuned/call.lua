-- The packed argument of Tollgate's admission script for one request of one caller, as the headers of admit.lua and
-- group.lua describe it: every limit is a group of one bucket; no quota, no lease, no claim. Nothing in it changes from
-- request to request, so it is made once a month and caller.

local ffi = require("ffi")
local char, floor, date = string.char, math.floor, os.date
local call = {}

local cell = ffi.new("double[1]")
local function double(value)
  cell[0] = value
  return ffi.string(cell, 8)
end

local function short(value) return char(value % 256, floor(value / 256)) end
local function text(value) return char(#value) .. value end

local function firstOfMonth(year, month)
  -- Days since 1970-01-01 of a civil date (Howard Hinnant's algorithm, for the first of a month).
  local y = month <= 2 and year - 1 or year
  local era = floor(y / 400)
  local ofEra = y - era * 400
  local ofYear = floor((153 * ((month + 9) % 12) + 2) / 5)
  local days = era * 146097 + ofEra * 365 + floor(ofEra / 4) - floor(ofEra / 100) + ofYear - 719468
  return days * 86400000
end

local function month(now)
  local today = date("!*t", now / 1000)
  local year, nextMonth = today.year, today.month + 1
  if nextMonth > 12 then year, nextMonth = year + 1, 1 end
  return firstOfMonth(today.year, today.month), firstOfMonth(year, nextMonth)
end

local function group(limit)
  return double(limit.shape) .. double(limit.full) .. double(limit.rate) .. double(limit.need)
    .. double(limit.id) .. double(limit.unit)
end

-- Returns the blob and the Unix milliseconds until which it is right.
function call.encode(limits, caller, now)
  local from, to = month(now)
  local body = {}
  for i, limit in ipairs(limits) do body[i] = group(limit) end
  local rest = short(1) .. char(0, #limits, 0) .. text(caller.tag) .. table.concat(body)
  return double(0) .. double(from) .. double(to) .. short(1) .. short(1 + #limits) .. short(#rest + 2) .. rest, to
end

return call
