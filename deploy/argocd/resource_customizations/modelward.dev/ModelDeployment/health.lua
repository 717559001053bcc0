-- How a ModelDeployment stands, in Argo CD's words. Needs no library of Lua's, so that it runs as it is pasted.
local function condition(kind)
  if obj.status == nil or type(obj.status.conditions) ~= "table" then
    return nil
  end
  for _, found in ipairs(obj.status.conditions) do
    if found.type == kind then
      return found
    end
  end
  return nil
end

local function health(status, found, otherwise)
  local message = otherwise or ""
  if found ~= nil and found.message ~= nil and found.message ~= "" then
    message = found.message
  end
  if found ~= nil and found.reason ~= nil and found.reason ~= "" then
    message = found.reason .. ": " .. message
  end
  return { status = status, message = message }
end

local function holds(kind)
  local found = condition(kind)
  return found ~= nil and found.status == "True"
end

if obj.spec ~= nil and obj.spec.suspend == true then
  return health("Suspended", nil, "spec.suspend is true: nothing is judged and nothing done")
end

local ready = condition("Ready")
local waiting = "modelward has not looked at it yet"
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", nil, waiting)
end
if holds("Stalled") then
  return health("Degraded", condition("Stalled"))
end
if holds("Reconciling") then
  return health("Progressing", condition("Reconciling"))
end
if ready.status == "False" then
  return health("Degraded", ready)
end
if ready.status ~= "True" then
  return health("Progressing", ready, waiting)
end
-- Judged worse than the version before it, and still served: a person is wanted.
if holds("Degraded") then
  return health("Degraded", condition("Degraded"))
end
-- No data is no evidence: what served well goes on being healthy, with a word about the database.
local metrics = condition("MetricsAvailable")
if metrics ~= nil and metrics.status == "False" then
  return health("Healthy", metrics)
end
if holds("RolledBack") then
  return health("Healthy", condition("RolledBack"))
end
return health("Healthy", ready)
