-- Lets in who shows a known token, and tells the server who that is.

local users = { ["Bearer s3cret"] = "ada", ["Bearer t0ken"] = "grace" }

function envoy_on_request(handle)
  local headers = handle:headers()
  local user = users[headers:get("authorization") or ""]
  if user == nil then
    handle:respond({ [":status"] = "401", ["www-authenticate"] = "Bearer" }, "who are you?\n")
    return
  end
  headers:remove("authorization")
  headers:replace("x-user", user)
end
