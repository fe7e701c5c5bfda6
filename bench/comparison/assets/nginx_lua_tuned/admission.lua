-- The least that a gateway on ngx_lua can do for one request: find the caller by the SHA-256 of the key in a table of the
-- worker, ask Redis by one script call, set the limit's fields, and let nginx forward with the caller's identity and
-- without the key.

local sha256 = require("sha256")
local encode = require("call").encode
local sub, format, floor = string.sub, string.format, math.floor
local HOUR = 3600
-- As often as the edge tells Redis what it has counted.
local REPORT_SECONDS = 0.25
local admission = {}

local job, client, callers, counted = nil, nil, {}, {}

local function fromHex(text)
  return (string.gsub(text, "..", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- `settings`: redis, script (its SHA-1), limits, meter, policy, callers.
function admission.load(settings)
  job = settings
  client = require("client")
  job.keyCount = tostring(1 + #job.limits)
  for _, caller in ipairs(job.callers) do callers[fromHex(caller.digest)] = caller end
end

local function refuse(status, code)
  ngx.status = status
  ngx.header["Content-Type"] = "application/problem+json"
  ngx.say(format('{"type":"urn:tollgate:problem:%s","status":%d}', code, status))
  return ngx.exit(status)
end

local function ask(caller)
  local now = ngx.now() * 1000
  if now >= (caller.until_ or 0) then caller.blob, caller.until_ = encode(job.limits, caller, now) end
  local keys = caller.keys
  return client.command(job.redis, "EVALSHA", job.script, job.keyCount, keys[1], keys[2], keys[3], caller.blob)
end

-- What was admitted since the last time goes to Redis.
local function report(premature)
  if premature then return end
  local waiting = counted
  counted = {}
  for caller, count in pairs(waiting) do
    local field = "l:" .. caller.key .. ":" .. job.meter .. ":" .. floor(ngx.time() / HOUR)
    local ok, reason = client.command(job.redis, "HINCRBY", caller.meters, field, tostring(count))
    if not ok then ngx.log(ngx.ERR, "Redis: ", reason) end
  end
end

function admission.access()
  local presented = ngx.var.http_authorization
  if not presented or sub(presented, 1, 7) ~= "Bearer " then return refuse(401, "credentials-missing") end
  local caller = callers[sha256(sub(presented, 8))]
  if not caller then return refuse(401, "api-key-invalid") end

  local reply, reason = ask(caller)
  if not reply then
    ngx.log(ngx.ERR, "Redis: ", reason)
    return refuse(503, "store-unavailable")
  end
  local outcome, limits = reply[2], job.limits
  if outcome == 0 then return refuse(429, "rate-limited") end
  if outcome < 0 then return refuse(503, "stale-principal") end
  counted[caller] = (counted[caller] or 0) + 1

  local header, first, second = ngx.header, limits[1], limits[2]
  header["RateLimit-Policy"] = job.policy
  header["RateLimit"] = format('"%s";r=%d, "%s";r=%d',
    first.name, floor(reply[3] / first.unit), second.name, floor(reply[4] / second.unit))
  ngx.var.tollgate_org = caller.org
  ngx.var.tollgate_key = caller.key
end

-- Writes what this worker runs on, for the report, and begins to tell Redis what is counted.
function admission.tell(path)
  assert(ngx.timer.every(REPORT_SECONDS, report))
  local file = assert(io.open(path, "w"))
  local version = ngx.config.ngx_lua_version
  file:write(format("ngx_lua %d.%d.%d, %s, JIT %s, no libraries",
    floor(version / 1000000), floor(version / 1000) % 1000, version % 1000, jit.version, jit.status() and "on" or "off"))
  file:close()
end

return admission
