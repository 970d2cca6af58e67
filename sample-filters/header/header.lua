-- Edits headers on both ways.

function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace("x-forwarded-by", "sluice")
  headers:remove("x-debug")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  headers:remove("x-powered-by")
  headers:replace("x-frame-options", "DENY")
end
