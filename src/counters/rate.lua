-- Limits over all policies of one call, all or nothing. The twin of gcra.rs: change both or neither.
-- KEYS: one per policy, then the account's leases, all with the same hash tag.
--   A steady policy's key holds the moment (microseconds since 1970) at which it is untouched again and the interval
--   it was counted by, "tat/interval"; a daily one's the end of the counted day and the units spent in it, "end:spent".
--   Both live until that moment. What another kind or interval has left there is taken over as units that are out.
--   Leases are a hash: node -> "units:until", units that the node took ahead and may use until then; they count until
--   the node asks again, and after their time for as long as the bucket needs to fill by as much.
-- ARGV: cost, more, credit, age of the credit in microseconds, a moment of the day it was charged in, debt, nodes, the
--   asking node, units it still holds, microseconds a lease lasts, then for each policy: interval in microseconds
--   (0 = daily), burst, 1 if it only counts and never refuses, what the asker knows (a steady policy: microseconds
--   until it is untouched; a daily one: units spent), and three ends of days.
-- Answers: now, units charged, 1 or 0, then for each policy: remaining, microseconds to reset, microseconds to retry,
--   units charged to it.
-- Every number is whole and below 2^53, so that Lua's doubles hold it exactly.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local cost, more, credit, credit_age, credit_day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local debt, nodes, asker, kept, lasts = tonumber(ARGV[6]), math.max(tonumber(ARGV[7]), 1), ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local FIRST, EACH = 11, 7
local policies, leases = #KEYS - 1, KEYS[#KEYS]
local whole = function(number) return string.format('%.0f', number) end

local slowest = 0
for i = 1, policies do slowest = math.max(slowest, tonumber(ARGV[FIRST + EACH * (i - 1)])) end
local held = {}
local entries = redis.call('HGETALL', leases)
for i = 1, #entries, 2 do
  local units, ends = string.match(entries[i + 1], '^(%d+):(%d+)$')
  units, ends = tonumber(units or '0'), tonumber(ends or '0')
  if ends + units * slowest <= now then
    redis.call('HDEL', leases, entries[i])
  else
    held[#held + 1] = { units, math.max(now - ends, 0) }
  end
end

-- Units that are out by what is stored, and the stored interval (0 = daily).
local out = function(value, own)
  local spent_until, spent = string.match(value, '^(%d+):(%d+)$')
  if spent_until then
    return tonumber(spent_until) > now and tonumber(spent) or 0, 0
  end
  local tat, interval = string.match(value, '^(%d+)/?(%d*)$')
  tat, interval = tonumber(tat or '0'), tonumber(interval or '') or own
  if interval == 0 or tat <= now then return 0, interval end
  return (tat - now) / interval, interval
end

local stored = redis.call('MGET', unpack(KEYS, 1, policies))
local admitted, left = 1, math.huge
local rules = {}
for i = 1, policies do
  local at = FIRST + EACH * (i - 1)
  local interval, burst, shadow, known = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] == '1', tonumber(ARGV[at + 3])
  local rule = { interval = interval, burst = burst, shadow = shadow }
  if interval == 0 then
    local first, second, third = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
    local began, ends = second, third
    if now < first then
      began, ends = 0, first
    elseif now < second then
      began, ends = first, second
    elseif now >= third then
      -- The asker's clock is days behind: days as long as the last one it knows of.
      local length = math.max(third - second, 1)
      ends = third + (math.floor((now - third) / length) + 1) * length
      began = ends - length
    end
    local spent = 0
    if stored[i] then
      spent = math.ceil((out(stored[i], 0)))
    elseif ends == second then
      spent = known
    end
    if credit_day >= began and credit_day < ends then spent = math.max(spent - credit, 0) end
    rule.mark, rule.spent = ends, math.min(spent + debt, burst)
    rule.left = burst - rule.spent
    rule.retry = rule.left >= cost and 0 or ends - now
  else
    local span = interval * burst
    local tat = now + known
    if stored[i] then
      local units, by = out(stored[i], interval)
      if by == interval then
        tat = tonumber(string.match(stored[i], '^%d+'))
      else
        tat = now + math.min(math.ceil(units * interval), span)
      end
    end
    tat = math.min(math.max(tat, now), now + span)
    if credit_age < span then tat = tat - credit * interval end
    local empty = 0
    for j = 1, #held do empty = empty + math.max(held[j][1] * interval - held[j][2], 0) end
    tat = math.min(math.max(tat, math.min(now + empty, now + span)) + debt * interval, now + span)
    rule.mark, rule.span = tat, span
    rule.left = math.floor((span - (tat - now)) / interval)
    rule.retry = math.max(tat + cost * interval - span - now, 0)
  end
  if not shadow then
    if rule.retry > 0 then admitted = 0 end
    left = math.min(left, rule.left)
  end
  rules[i] = rule
end
if left == math.huge then left = 0 end

local units = 0
if admitted == 1 then
  units = cost + math.min(more, math.floor(math.max(left - cost, 0) / nodes))
end
local touched = units + credit + debt > 0
local answer = { now, units, admitted }
for i = 1, policies do
  local rule, value, charged = rules[i], nil, units
  if rule.shadow then
    if rule.left < cost then charged = math.max(units - cost, 0) end
    charged = math.min(charged, rule.left)
  end
  if rule.interval == 0 then
    rule.spent = math.min(rule.spent + charged, rule.burst)
    if rule.spent > 0 then value = whole(rule.mark) .. ':' .. whole(rule.spent) end
    rule.left = rule.burst - rule.spent
  else
    rule.mark = rule.mark + charged * rule.interval
    if rule.mark > now then value = whole(rule.mark) .. '/' .. whole(rule.interval) end
    rule.left = math.floor((rule.span - (rule.mark - now)) / rule.interval)
  end
  -- A look leaves everything as it is.
  if touched then
    if value then
      redis.call('SET', KEYS[i], value, 'PX', whole(math.ceil((rule.mark - now) / 1000)))
    else
      redis.call('DEL', KEYS[i])
    end
  end
  answer[#answer + 1] = rule.left
  answer[#answer + 1] = rule.mark - now
  answer[#answer + 1] = rule.retry
  answer[#answer + 1] = charged
end

if touched then
  local holds = kept + math.max(units - cost, 0)
  if holds > 0 then
    redis.call('HSET', leases, asker, whole(holds) .. ':' .. whole(now + lasts))
    local most = math.max(holds * slowest + lasts, redis.call('PTTL', leases) * 1000)
    redis.call('PEXPIRE', leases, whole(math.ceil(most / 1000)))
  elseif #entries > 0 then
    redis.call('HDEL', leases, asker)
  end
end
return answer
