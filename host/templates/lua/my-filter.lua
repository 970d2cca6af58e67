-- Called for each request, before it goes to the server.
function envoy_on_request(handle)
  local name = handle:headers():get("x-name") or "world"
  handle:streamInfo():dynamicMetadata():set("my-filter", "who", name)
end

-- Called for its response, before that goes to the client.
function envoy_on_response(handle)
  local seen = handle:streamInfo():dynamicMetadata():get("my-filter")
  -- Without a request of its own, such as an answer of the proxy to a malformed one.
  local who = seen and seen.who or "world"
  handle:headers():replace("x-greeting", "hello, " .. who)
end
