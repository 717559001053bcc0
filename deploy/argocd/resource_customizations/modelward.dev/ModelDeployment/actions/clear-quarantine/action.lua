-- Without a version it is the one that came into quarantine last.
local os = require("os")
local version = nil
if actionParams ~= nil and actionParams["version"] ~= nil and actionParams["version"] ~= "" then
  version = actionParams["version"]
elseif obj.status ~= nil and type(obj.status.quarantine) == "table" then
  local last = ""
  for _, entry in ipairs(obj.status.quarantine) do
    if entry.sinceTime >= last then
      last = entry.sinceTime
      version = entry.version
    end
  end
end
if version == nil then
  error("no version is in quarantine", 0)
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["modelward.dev/clear-quarantine"] = version
obj.metadata.annotations["modelward.dev/clear-quarantine-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
obj.metadata.annotations["modelward.dev/requested-by"] = "Argo CD"
return obj
