-- What wrk asks for: `wrk -s load.lua URL -- METHOD PATH SEED`.
-- In every request, every {N} in PATH is a new random number from 0 to N-1, and {+K} is the last one plus K.

function init(args)
  local method, path = args[1], args[2]
  math.randomseed(tonumber(args[3]))
  local last = 0
  local function draw(plus, number)
    last = plus == "+" and last + tonumber(number) or math.random(0, tonumber(number) - 1)
    return string.format("%d", last)
  end
  if path:find("{", 1, true) then
    request = function() return wrk.format(method, (path:gsub("{(%+?)(%d+)}", draw))) end
  else
    local constant = wrk.format(method, path)
    request = function() return constant end
  end
end

-- One line to read: requests, microseconds, bytes, failures.
function done(summary, latency, requests)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("\nmeasured %d %d %d %d\n", summary.requests, summary.duration, summary.bytes, failures))
end
