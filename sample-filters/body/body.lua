-- Refuses bodies with a forbidden word, and blackens numbers of cards in responses.

function envoy_on_request(handle)
  local body = handle:body()
  if body == nil then return end
  if body:getBytes(0, body:length()):find("DROP TABLE", 1, true) then
    handle:respond({ [":status"] = "403" }, "not here\n")
  end
end

function envoy_on_response(handle)
  local body = handle:body()
  if body == nil then return end
  local text, found = body:getBytes(0, body:length()):gsub("%d%d%d%d %d%d%d%d %d%d%d%d (%d%d%d%d)", "**** %1")
  if found > 0 then body:setBytes(text) end
end
