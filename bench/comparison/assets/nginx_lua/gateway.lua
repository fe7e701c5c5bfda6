-- What an OpenResty gateway does for one request, with the standard clients: SHA-256 of the key (lua-resty-string), the
-- caller from an LRU cache of the worker (lua-resty-lrucache) or from Redis, one call of Tollgate's admission script
-- (lua-resty-redis, connections kept alive), the fields about limits, and the caller's identity for the upstream. What was
-- admitted is counted in the worker and told to Redis four times a second, as the edge does.

local redis = require("nginx.redis")
local sha256 = require("nginx.sha256")
local to_hex = require("nginx.string").to_hex
local lrucache = require("resty.lrucache")
local arguments = require("arguments")

local sub, find, format, floor, null = string.sub, string.find, string.format, math.floor, ngx.null
local KEPT_ALIVE_MS, POOL_SIZE, TIMEOUT_MS = 60000, 256, 2000
local CALLER_SECONDS = 60
local REPORT_SECONDS, HOUR = 0.25, 3600

local gateway = {}
local settings, callers
local counted = {}

-- `loaded`: redis, prefix, script (its SHA-1), limits, meter, policy.
function gateway.load(loaded)
  settings = loaded
  callers = assert(lrucache.new(10000))
end

-- What was admitted since the last time goes to Redis, in one write.
local function report(premature)
  if premature or next(counted) == nil then return end
  local waiting = counted
  counted = {}
  local connection = redis:new()
  connection:set_timeout(TIMEOUT_MS)
  local ok, reason = connection:connect(settings.redis)
  if ok then
    connection:init_pipeline()
    for caller, count in pairs(waiting) do
      connection:hincrby(settings.prefix .. "m:{" .. caller.org .. "}",
        "l:" .. caller.id .. ":" .. settings.meter .. ":" .. floor(ngx.time() / HOUR), count)
    end
    ok, reason = connection:commit_pipeline()
  end
  if not ok then return ngx.log(ngx.ERR, "Redis: ", reason) end
  connection:set_keepalive(KEPT_ALIVE_MS, POOL_SIZE)
end

-- Writes what this worker runs on, for the report of the bench, and begins to tell Redis what is counted.
function gateway.tell(path)
  assert(ngx.timer.every(REPORT_SECONDS, report))
  local file = assert(io.open(path, "w"))
  local version = ngx.config.ngx_lua_version
  file:write(format("ngx_lua %d.%d.%d, %s, JIT %s, lua-resty-redis %s, lua-resty-string %s",
    floor(version / 1000000), floor(version / 1000) % 1000, version % 1000, jit.version,
    jit.status() and "on" or "off", redis._VERSION, sha256._VERSION))
  file:close()
end

local function refuse(status, code)
  ngx.status = status
  ngx.header["Content-Type"] = "application/problem+json"
  ngx.say(format('{"type":"urn:tollgate:problem:%s","status":%d}', code, status))
  return ngx.exit(status)
end

local function digest_of(key)
  local hash = sha256:new()
  hash:update(key)
  return to_hex(hash:final())
end

-- A key's record: its version, a space, then each part as its length, a colon and its bytes.
local function parts_of(record)
  local parts, from = {}, find(record, " ", 1, true) + 1
  while from <= #record do
    local colon = find(record, ":", from, true)
    local length = tonumber(sub(record, from, colon - 1))
    parts[#parts + 1] = sub(record, colon + 1, colon + length)
    from = colon + length + 1
  end
  return parts
end

-- The record of a key and its org, as Tollgate publishes them; nil if there is none, false and the reason if Redis failed.
local function read_caller(connection, digest)
  local record, reason = connection:get(settings.prefix .. "k:" .. digest)
  if not record then return false, reason end
  if record == null then return nil end
  local key = parts_of(record)
  if key[6] ~= "active" then return nil end
  local id, org, environment = key[1], key[3], key[5]
  local plan
  plan, reason = connection:hget(settings.prefix .. "o:{" .. org .. "}", "plan")
  if not plan then return false, reason end
  local tag
  tag, reason = connection:get(settings.prefix .. "v:{" .. org .. "}")
  if not tag then return false, reason end
  return {id = id, org = org, environment = environment, plan = plan, tag = tag}
end

local function decide(connection, caller)
  local prefix, org, limits = settings.prefix, caller.org, settings.limits
  local subjects = {key = caller.id, org = org}
  local first, second = limits[1], limits[2]
  return connection:evalsha(settings.script, 3,
    prefix .. "v:{" .. org .. "}",
    prefix .. "b:{" .. org .. "}:" .. first.scope .. ":" .. subjects[first.scope],
    prefix .. "b:{" .. org .. "}:" .. second.scope .. ":" .. subjects[second.scope],
    arguments.encode(limits, caller, ngx.now() * 1000))
end

local function set_limit_fields(reply)
  local header, first, second = ngx.header, settings.limits[1], settings.limits[2]
  local of_first, of_second = reply[3] / first.unit, reply[4] / second.unit
  header["RateLimit-Policy"] = settings.policy
  header["RateLimit"] = format('"%s";r=%d, "%s";r=%d', first.name, of_first, second.name, of_second)
  local limit, left = first, of_first
  if of_second < left then limit, left = second, of_second end
  header["X-RateLimit-Limit"] = limit.capacity
  header["X-RateLimit-Remaining"] = floor(left)
  header["X-RateLimit-Reset"] = floor(ngx.time() + (limit.full - left * limit.unit) / limit.rate / 1000)
end

function gateway.access()
  local var = ngx.var
  local presented = var.http_authorization
  if not presented or sub(presented, 1, 7) ~= "Bearer " then return refuse(401, "credentials-missing") end
  local digest = digest_of(sub(presented, 8))

  local connection = redis:new()
  connection:set_timeout(TIMEOUT_MS)
  local ok, reason = connection:connect(settings.redis)
  if not ok then
    ngx.log(ngx.ERR, "Redis: ", reason)
    return refuse(503, "store-unavailable")
  end

  local caller = callers:get(digest)
  if not caller then
    caller, reason = read_caller(connection, digest)
    if not caller then
      connection:set_keepalive(KEPT_ALIVE_MS, POOL_SIZE)
      if caller == nil then return refuse(401, "api-key-invalid") end
      ngx.log(ngx.ERR, "Redis: ", reason)
      return refuse(503, "store-unavailable")
    end
    callers:set(digest, caller, CALLER_SECONDS)
  end

  local reply
  reply, reason = decide(connection, caller)
  if not reply then
    ngx.log(ngx.ERR, "Redis: ", reason)
    return refuse(503, "store-unavailable")
  end
  connection:set_keepalive(KEPT_ALIVE_MS, POOL_SIZE)

  local outcome = reply[2]
  if outcome == 0 then return refuse(429, "rate-limited") end
  if outcome < 0 then
    callers:delete(digest)
    return refuse(503, "stale-principal")
  end
  counted[caller] = (counted[caller] or 0) + 1
  set_limit_fields(reply)
  var.tollgate_org = caller.org
  var.tollgate_key = caller.id
  var.tollgate_environment = caller.environment
  var.tollgate_plan = caller.plan
end

return gateway
