-- Like a Deployment: Progressing while the newest job of the template runs, Degraded when that failed or what the spec asks for
-- cannot be had. A newest job whose candidate was rejected is no fault: the line serves what it served.
local status = obj.status or {}
local function condition(kind)
  for _, found in ipairs(status.conditions or {}) do
    if found.type == kind then return found end
  end
  return {}
end

local health = {}
local ready, released = condition("Ready"), condition("Released")
local stale = status.observedGeneration == nil
  or (obj.metadata.generation ~= nil and status.observedGeneration < obj.metadata.generation)
local job = status.latestJob
local serving = "Nothing is in production"
if status.production ~= nil then serving = "v" .. status.production.version .. " is in production" end

if stale then
  health.status = "Progressing"
  health.message = "Waiting for the operator"
elseif released.status == "False" then
  health.status = "Degraded"
  health.message = released.message
elseif ready.status == "False" then
  health.status = "Degraded"
  health.message = ready.message
elseif job ~= nil and job.phase == "Failed" then
  health.status = "Degraded"
  health.message = "Job " .. job.name .. " failed. " .. serving
elseif job ~= nil and job.phase == "Suspended" then
  health.status = "Suspended"
  health.message = "Job " .. job.name .. " is suspended. " .. serving
elseif job ~= nil and job.phase ~= "Succeeded" then
  health.status = "Progressing"
  health.message = "Job " .. job.name .. ": " .. job.phase .. ". " .. serving
else
  health.status = "Healthy"
  health.message = serving
end
return health
