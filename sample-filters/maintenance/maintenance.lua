-- Answers 503 where the route's filter context says that it is closed.

function envoy_on_request(handle)
  local message = handle:filterContext():get("closed")
  if message == nil then return end
  handle:respond({ [":status"] = "503", ["retry-after"] = "600" }, message .. "\n")
end
