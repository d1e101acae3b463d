-- A version is Healthy while its files are there as they were published, whatever became of it: rejected, archived, rolled back.
local status = obj.status or {}
local function condition(kind)
  for _, found in ipairs(status.conditions or {}) do
    if found.type == kind then return found end
  end
  return {}
end

local health = {}
local ready, failed, verified, judged = condition("Ready"), condition("Failed"), condition("Verified"), condition("Judged")
-- a model from outside has no number until it is staged, examined and published
local registering = obj.spec ~= nil and obj.spec.uri ~= nil and status.version == nil
if failed.status == "True" then
  health.status = "Degraded"
  health.message = failed.message
elseif verified.status == "False" then
  health.status = "Degraded"
  health.message = verified.message
elseif ready.status == "True" then
  health.status = "Healthy"
  health.message = status.stage or "Published"
  if status.score ~= nil then health.message = health.message .. ", " .. status.score end
  if status.stage == "Rejected" and judged.message ~= nil then
    health.message = health.message .. ": " .. judged.message
  end
elseif ready.status == "False" and not registering then
  health.status = "Degraded"
  health.message = ready.message
else
  health.status = "Progressing"
  health.message = ready.message or "Waiting for the operator"
end
return health
