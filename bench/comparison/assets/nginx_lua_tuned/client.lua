-- Commands by the least that ngx_lua allows: one table of strings sent on a cosocket, the reply read line by line,
-- connections kept in the worker's pool.

local tcp = ngx.socket.tcp
local byte, sub = string.byte, string.sub

local client = {}
local DOLLAR, STAR, COLON, PLUS = byte("$"), byte("*"), byte(":"), byte("+")
local POOL = {pool_size = 256}
local IDLE_MS = 60000

local function read(socket)
  local line, reason = socket:receive()
  if not line then return nil, reason end
  local kind = byte(line)
  if kind == COLON then return tonumber(sub(line, 2)) end
  if kind == DOLLAR then
    local size = tonumber(sub(line, 2))
    if size < 0 then return ngx.null end
    local data, failure = socket:receive(size)
    if not data then return nil, failure end
    local ok
    ok, failure = socket:receive(2)
    if not ok then return nil, failure end
    return data
  end
  if kind == STAR then
    local values = {}
    for i = 1, tonumber(sub(line, 2)) do
      local value, failure = read(socket)
      if value == nil then return nil, failure end
      values[i] = value
    end
    return values
  end
  if kind == PLUS then return sub(line, 2) end
  return nil, sub(line, 2)
end

local function words_of(...)
  local count = select("#", ...)
  local words, at = {"*", tostring(count), "\r\n"}, 3
  for i = 1, count do
    local word = select(i, ...)
    words[at + 1], words[at + 2], words[at + 3], words[at + 4], words[at + 5] = "$", #word, "\r\n", word, "\r\n"
    at = at + 5
  end
  return words
end

-- One command over a connection of the pool: its reply, or nil and the reason.
function client.command(path, ...)
  local socket = tcp()
  socket:settimeout(2000)
  local ok, reason = socket:connect(path, POOL)
  if not ok then return nil, reason end
  local sent
  sent, reason = socket:send(words_of(...))
  if not sent then return nil, reason end
  local reply, failure = read(socket)
  if reply == nil then
    socket:close()
    return nil, failure
  end
  socket:setkeepalive(IDLE_MS, POOL.pool_size)
  return reply
end

return client
