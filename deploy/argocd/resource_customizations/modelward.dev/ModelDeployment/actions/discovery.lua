local actions = {}
actions["check"] = { iconClass = "fa fa-fw fa-stethoscope", displayName = "Check now" }
actions["rollback"] = {
  iconClass = "fa fa-fw fa-undo",
  displayName = "Roll back",
  params = { { name = "version" } },
}

local quarantined = obj.status ~= nil and type(obj.status.quarantine) == "table" and #obj.status.quarantine > 0
actions["clear-quarantine"] = {
  iconClass = "fa fa-fw fa-unlock",
  displayName = "Clear the quarantine",
  disabled = not quarantined,
  params = { { name = "version" } },
}

local suspended = obj.spec ~= nil and obj.spec.suspend == true
if suspended then
  actions["check"].disabled = true
  actions["rollback"].disabled = true
end
actions["suspend"] = { iconClass = "fa fa-fw fa-pause", displayName = "Suspend", disabled = suspended }
actions["resume"] = { iconClass = "fa fa-fw fa-play", displayName = "Resume", disabled = not suspended }
return actions
