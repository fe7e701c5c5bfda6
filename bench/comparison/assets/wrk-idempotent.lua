-- For wrk: POSTs of one body. wrk ... URL -- KEYS_FILE KIND COUNT
-- KIND forwarded: without Idempotency-Key; executed: another one each time; replayed: COUNT of them in turn.

local headers, body, kind, count, turn = {}, '{"type":"count","input":"how many words are in here"}', nil, 0, 0
local run = tostring(os.time())

function init(args)
  for line in io.lines(args[1]) do headers["Authorization"] = line end
  headers["Accept"], headers["Content-Type"] = "application/json", "application/json"
  kind, count = args[2], tonumber(args[3])
end

function request()
  turn = turn + 1
  if kind == "executed" then
    headers["Idempotency-Key"] = run .. "-" .. tostring(math.random(1000000000)) .. "-" .. turn
  elseif kind == "replayed" then
    headers["Idempotency-Key"] = "stored-" .. turn % count
  end
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"bytes":%d,"p50_us":%.0f,"p90_us":%.0f,"p99_us":%.0f,"max_us":%.0f,' ..
    '"refused":%d,"broken":%d,"timeouts":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
