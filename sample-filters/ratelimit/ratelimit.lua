-- Three requests a minute for each client, counted on all workers together.

local limit = 3
local seconds = 60

function envoy_on_request(handle)
  local client = handle:headers():get("x-client") or "unknown"
  local seen = sluice.shared.increment("requests of " .. client, 1, seconds)
  -- nil: no room is left to count in; rather let it through.
  if seen ~= nil and seen > limit then
    handle:respond({ [":status"] = "429", ["retry-after"] = tostring(seconds) }, "slow down\n")
  end
end
