-- GCRA over all policies of one call, all or nothing. The twin of gcra.rs: change both or neither.
-- KEYS: one per policy, all with the same hash tag. A key holds the moment (microseconds since 1970) at which
--   the policy is untouched again, and lives until then.
-- ARGV: cost, credit, age of the credit in microseconds, then for each policy: interval in microseconds, burst.
-- Answers: now, 1 or 0, then for each policy: remaining, microseconds to reset, microseconds to retry.
-- Every number is whole and below 2^53, so that Lua's doubles hold it exactly.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local cost, credit, credit_age = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('MGET', unpack(KEYS))

local admitted = 1
local tats, retries = {}, {}
for i = 1, #KEYS do
  local interval = tonumber(ARGV[2 + 2 * i])
  local span = interval * tonumber(ARGV[3 + 2 * i])
  local tat = math.min(math.max(tonumber(stored[i] or '0'), now), now + span)
  if credit_age < span then
    tat = math.max(tat - credit * interval, now)
  end
  tats[i] = tat
  retries[i] = math.max(tat + cost * interval - span - now, 0)
  if retries[i] > 0 then admitted = 0 end
end

local answer = { now, admitted }
for i = 1, #KEYS do
  local interval = tonumber(ARGV[2 + 2 * i])
  local span = interval * tonumber(ARGV[3 + 2 * i])
  local tat = tats[i] + admitted * cost * interval
  if admitted * cost + credit > 0 then
    if tat > now then
      redis.call('SET', KEYS[i], string.format('%.0f', tat), 'PX', string.format('%.0f', math.ceil((tat - now) / 1000)))
    else
      redis.call('DEL', KEYS[i])
    end
  end
  answer[#answer + 1] = math.floor((span - (tat - now)) / interval)
  answer[#answer + 1] = tat - now
  answer[#answer + 1] = retries[i]
end
return answer
