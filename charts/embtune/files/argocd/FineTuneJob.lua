-- Suspended is Suspended; a job that has ended without a result is Degraded. One whose candidate was rejected is Healthy: it did
-- what it was asked to, and production is as it was.
-- (Argo CD runs this without Lua's libraries: there is no string, and no math.)
local status = obj.status or {}
local function condition(kind)
  for _, found in ipairs(status.conditions or {}) do
    if found.type == kind then return found end
  end
end
local function message(kind, fallback)
  local found = condition(kind)
  if found ~= nil and found.message ~= nil and found.message ~= "" then return found.message end
  return fallback
end

local health = {}
local phase = status.phase
if phase == nil then
  health.status = "Progressing"
  health.message = "Waiting for the operator"
elseif phase == "Failed" then
  health.status = "Degraded"
  health.message = message("Failed", "The job has failed")
elseif phase == "Suspended" then
  health.status = "Suspended"
  health.message = message("Suspended", "Suspended; it goes on from its last checkpoint")
elseif phase == "Succeeded" then
  health.status = "Healthy"
  local outcome = status.verdict ~= nil and status.verdict.outcome or nil
  local judged = message("Judged", "")
  if outcome == "Rejected" then
    health.message = "Candidate rejected, production unchanged: " .. judged
  elseif outcome == "Inconclusive" then
    health.message = "No verdict, production unchanged: " .. judged
  else
    health.message = message("Promoted", message("Complete", "Done"))
  end
else
  health.status = "Progressing"
  health.message = phase
  local progress = status.progress
  if progress ~= nil then
    local percent = progress.percent
    if percent ~= nil then health.message = health.message .. ", " .. (percent - percent % 1) .. " %" end
    if progress.message ~= nil and progress.message ~= "" then health.message = health.message .. ": " .. progress.message end
  end
  if obj.spec ~= nil and obj.spec.suspend == true then
    health.message = health.message .. "; it is asked to suspend"
  end
  local retried = message("Retried", "")
  if retried ~= "" then health.message = health.message .. ". Tried again: " .. retried end
end
return health
