-- Adds a header to every response, and to the request what the greeting is for. Save this file while `npm start`
-- runs: the next request sees the change.

function envoy_on_request(handle)
  local name = handle:headers():get(":path"):match("[?&]name=(%w+)")
  handle:headers():add("x-greeted", name or "world")
end

function envoy_on_response(handle)
  handle:headers():add("x-hello-lua", "Hello from Lua")
end
