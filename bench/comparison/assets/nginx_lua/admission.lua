-- What a gateway built on ngx_lua does for one request: find the caller by the SHA-256 of the key in a table of the
-- worker, ask Redis by one script call, set the limit's fields, and let nginx forward with the caller's identity and
-- without the key.

local sha256 = require("sha256")
local encode = require("call").encode
local sub, format, floor = string.sub, string.format, math.floor
local admission = {}

local job, client, callers = nil, nil, {}

local BOUNDS, BUCKETS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.huge}, {}
for i, bound in ipairs(BOUNDS) do BUCKETS[i] = "seconds_bucket;jobs;" .. bound end

local function fromHex(text)
  return (string.gsub(text, "..", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- `settings`: client, redis, script (its SHA-1), limits, meter, policy, callers, extended.
function admission.load(settings)
  job = settings
  client = require(job.client)
  job.keyCount = tostring(2 + #job.limits)
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
  if now >= (caller.until_ or 0) then caller.blob, caller.until_ = encode(job.limits, caller, job.meter, now) end
  local keys = caller.keys
  return client.evalsha(job.redis, job.script, job.keyCount,
    keys[1], keys[2], keys[3], keys[4], caller.blob)
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

  local header, first, second = ngx.header, limits[1], limits[2]
  header["RateLimit-Policy"] = job.policy
  header["RateLimit"] = format('"%s";r=%d, "%s";r=%d',
    first.name, floor(reply[3] / first.unit), second.name, floor(reply[4] / second.unit))
  if job.extended then
    local left, limit = reply[3] / first.unit, first
    if reply[4] / second.unit < left then left, limit = reply[4] / second.unit, second end
    header["X-RateLimit-Limit"] = limit.capacity
    header["X-RateLimit-Remaining"] = floor(left)
    header["X-RateLimit-Reset"] = floor(ngx.time() + (limit.full - left * limit.unit) / limit.rate / 1000)
  end
  ngx.var.tollgate_org = caller.org
  ngx.var.tollgate_key = caller.key
end

-- Counters and a histogram of latencies for Prometheus, as plugins for ngx_lua keep them: in a shared dictionary.
function admission.log()
  local metrics = ngx.shared.metrics
  local seconds = tonumber(ngx.var.request_time)
  metrics:incr("requests;jobs;" .. ngx.status, 1, 0)
  metrics:incr("seconds_sum;jobs", seconds, 0)
  for i = 1, #BOUNDS do
    if seconds <= BOUNDS[i] then
      metrics:incr(BUCKETS[i], 1, 0)
      break
    end
  end
end

return admission
