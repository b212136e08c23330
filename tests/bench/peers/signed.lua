-- Checks a request's signature (RFC 9421, our profile's usual spelling), its time and its nonce; answers from Redis.
local ffi = require "ffi"
ffi.cdef [[
  typedef struct evp_md_st EVP_MD;
  const EVP_MD *EVP_sha256(void);
  unsigned char *HMAC(const EVP_MD *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned int *);
  int CRYPTO_memcmp(const void *, const void *, size_t);
]]
local C = ffi.C
local digest, mac, length = C.EVP_sha256(), ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]")
local concat, lower, match, abs = table.concat, string.lower, string.match, math.abs

local WINDOW_S, NONCE_S = 300, 360
local COVERED = '"@method" "@authority" "@path" "@query"'
local FORM = '^sig=(%(([^)]*)%);created=(%d+);nonce="([^"]*)";keyid="([^"]*)";alg="hmac%-sha256";tag="xunyuan%-v1")$'

local M, secrets = {}, {}

function M.know(id, secret)
  secrets[id] = secret
end

local function refused(status)
  return ngx.exit(status)
end

function M.check()
  local var = ngx.var
  local input, signature = var.http_signature_input, var.http_signature
  if not input or not signature then return refused(401) end
  local params, names, created, nonce, id = match(input, FORM)
  local sent = match(signature, "^sig=:([^:]*):$")
  if not params or not sent or names ~= COVERED then return refused(401) end
  local secret = secrets[id]
  if not secret or abs(ngx.time() - tonumber(created)) > WINDOW_S then return refused(401) end
  local path = match(var.request_uri, "^[^?]*")
  local base = concat {
    '"@method": ', ngx.req.get_method(), '\n"@authority": ', lower(var.http_host), '\n"@path": ', path,
    '\n"@query": ?', var.args or "", '\n"@signature-params": ', params,
  }
  C.HMAC(digest, secret, #secret, base, #base, mac, length)
  local computed = ngx.encode_base64(ffi.string(mac, length[0]))
  if #computed ~= #sent or C.CRYPTO_memcmp(computed, sent, #sent) ~= 0 then return refused(401) end
  if not ngx.shared.nonces:add(id .. nonce, true, NONCE_S) then return refused(401) end
end

function M.from_redis()
  local redis = require("nginx.redis"):new()
  if not redis:connect("127.0.0.1", REDIS_PORT) then return refused(502) end
  local body = redis:get(ngx.var.request_uri)
  redis:set_keepalive(60000, 256)
  if not body or body == ngx.null then return refused(404) end
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return M
