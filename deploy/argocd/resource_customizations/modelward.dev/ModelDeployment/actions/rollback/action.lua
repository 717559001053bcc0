-- Without a version it is the previous one; a version that an earlier request named must not be left over.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
local version = nil
if actionParams ~= nil and actionParams["version"] ~= nil and actionParams["version"] ~= "" then
  version = actionParams["version"]
end
obj.metadata.annotations["modelward.dev/rollback-to"] = version
obj.metadata.annotations["modelward.dev/rollback-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
obj.metadata.annotations["modelward.dev/requested-by"] = "Argo CD"
return obj
