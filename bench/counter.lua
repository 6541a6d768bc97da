-- Sends prepared requests, each once: body and headers are lines of the file named by REQUESTS.
-- A thread takes every n-th line. Answers are counted by infcode.
local threads = {}
local number = 0

function setup(thread)
  thread:set("id", number)
  number = number + 1
  thread:set("of", tonumber(os.getenv("THREADS")))
  table.insert(threads, thread)
end

local function formatted(line)
  local path, headers, body = line:match("^(%S+)\t([^\t]*)\t(.*)$")
  local set = {["content-type"] = "application/json"}
  for name, value in headers:gmatch("([^=;]+)=([^;]*)") do set[name] = value end
  return wrk.format("POST", path, set, body)
end

function init(args)
  -- Made ready before the clock starts: what is measured is the gateway.
  requests = {}
  local at = 0
  for line in io.lines(os.getenv("REQUESTS")) do
    if at % of == id then requests[#requests + 1] = formatted(line) end
    at = at + 1
  end
  next_one = 0
  accepted, refused, first_refusal = 0, 0, ""
end

function request()
  next_one = next_one + 1
  if next_one > #requests then
    wrk.thread:stop()
    next_one = #requests
  end
  return requests[next_one]
end

function response(status, headers, body)
  if status == 200 and body:find('"infcode":0', 1, true) then
    accepted = accepted + 1
  else
    refused = refused + 1
    if first_refusal == "" then first_refusal = body end
  end
end

function done(summary, latency, requests)
  local accepted, refused, why = 0, 0, ""
  for _, thread in ipairs(threads) do
    accepted = accepted + thread:get("accepted")
    refused = refused + thread:get("refused")
    local said = thread:get("first_refusal")
    if said ~= "" then why = said end
  end
  io.write(string.format(
    'RESULT {"accepted": %d, "refused": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    accepted, refused, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3))
  if why ~= "" then io.stderr:write(why, "\n") end
end
