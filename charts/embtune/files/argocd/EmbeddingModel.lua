-- Like a Deployment: Progressing while the newest job of the template waits or runs, Degraded when it failed or when what the spec
-- asks for cannot be had. A newest job whose candidate was rejected is no fault: the line serves what it served.
local status = obj.status or {}
local function condition(kind)
  for _, found in ipairs(status.conditions or {}) do
    if found.type == kind then return found end
  end
  return {}
end

local health = {}
local ready, released = condition("Ready"), condition("Released")
local pin = nil
if obj.spec ~= nil and obj.spec.release ~= nil then pin = obj.spec.release.pin end
local unseen = status.observedGeneration == nil
  or (obj.metadata.generation ~= nil and status.observedGeneration < obj.metadata.generation)
local waits = {JobGoing = true, WaitingForJob = true, JobUnfinished = true}

if unseen then
  health.status = "Progressing"
  health.message = "Waiting for the operator"
elseif pin ~= nil and released.status == "False" then
  health.status = "Degraded"
  if released.reason == "PinDelayed" then health.status = "Progressing" end
  health.message = released.message
elseif ready.status == "False" then
  health.status = "Degraded"
  if waits[ready.reason] then health.status = "Progressing" end
  if ready.reason == "JobUnfinished" and status.latestJob ~= nil and status.latestJob.phase == "Suspended" then
    health.status = "Suspended"
  end
  health.message = ready.message
elseif status.production ~= nil then
  health.status = "Healthy"
  health.message = "v" .. status.production.version .. " is in production"
else
  health.status = "Healthy"
  health.message = "Nothing is in production"
end
return health
