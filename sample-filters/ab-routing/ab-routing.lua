-- Sends a fifth of the users to the canary, each user always to the same place. The routes go by `x-variant`.

local share = 20

local function bucket(user)
  local sum = 0
  for i = 1, #user do
    sum = (sum * 31 + user:byte(i)) % 1000003
  end
  return sum % 100
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local user = headers:get("x-user")
  headers:replace("x-variant", user ~= nil and bucket(user) < share and "b" or "a")
  handle:clearRouteCache()
end
