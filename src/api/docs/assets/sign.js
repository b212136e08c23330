// Signs a request as the profile xunyuan-v1 wants: RFC 9421 with HMAC-SHA256, RFC 9530 digest. Pure but for WebCrypto.

const UTF8 = new TextEncoder();

/** Base64 of bytes. */
export function base64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** 16 random bytes as base64url without padding: 22 characters. */
export function freshNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Now, in whole Unix seconds. */
export function now() {
  return Math.floor(Date.now() / 1000);
}

/** Whether this page may use WebCrypto: only over https, or on the machine itself. */
export function canSign() {
  return globalThis.isSecureContext !== false && Boolean(globalThis.crypto?.subtle);
}

/** The value of Content-Digest. */
export async function contentDigest(body) {
  return `sha-256=:${base64(await crypto.subtle.digest("SHA-256", body))}:`;
}

/** HMAC-SHA256 in base64. The key is the whole secret text, prefix included, as UTF-8. */
export async function hmac(secret, text) {
  const key = await crypto.subtle.importKey("raw", UTF8.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return base64(await crypto.subtle.sign("HMAC", key, UTF8.encode(text)));
}

/** What must be covered, in the order it is written. */
export function coverage(hasBody, hasIdempotencyKey) {
  const covered = ["@method", "@authority", "@path", "@query"];
  if (hasBody) covered.push("content-digest", "content-type");
  if (hasIdempotencyKey) covered.push("idempotency-key");
  return covered;
}

/** A structured-field string. */
function quoted(text) {
  if (/[^\x20-\x7e]/.test(text)) throw new Error(`Only printable ASCII characters can be signed, not: ${text}`);
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

/** The text of @signature-params, which is also the value of the member in Signature-Input. */
export function parameters(covered, { created, nonce, keyId }) {
  const list = covered.map((name) => `"${name}"`).join(" ");
  return `(${list});created=${created};nonce=${quoted(nonce)};keyid=${quoted(keyId)};alg="hmac-sha256";tag="xunyuan-v1"`;
}

/** The signature base: one line a component, and the parameters last, without a line feed at the end. */
export function signatureBase(covered, request, input) {
  const values = {
    "@method": request.method,
    "@authority": request.url.host,
    "@path": request.url.pathname,
    "@query": request.url.search || "?",
  };
  const lines = covered.map((name) => {
    const value = values[name] ?? request.headers[name];
    if (value === undefined) throw new Error(`${name} is to be signed but is not sent.`);
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw new Error(`${name} holds a control character.`);
    return `"${name}": ${value.trim()}`;
  });
  return [...lines, `"@signature-params": ${input}`].join("\n");
}

/**
 * Signs `{method, url: URL, headers: {lower-case name: value}, body: string}` with `{keyId, secret}`.
 * Gives every step for showing, and the header fields to send.
 */
export async function sign(request, key, { created = now(), nonce = freshNonce() } = {}) {
  const body = UTF8.encode(request.body ?? "");
  const headers = { ...request.headers };
  if (body.length > 0) headers["content-digest"] = await contentDigest(body);
  const covered = coverage(body.length > 0, headers["idempotency-key"] !== undefined);
  const input = parameters(covered, { created, nonce, keyId: key.keyId });
  const base = signatureBase(covered, { ...request, headers }, input);
  const signature = await hmac(key.secret, base);
  headers["signature-input"] = `sig=${input}`;
  headers.signature = `sig=:${signature}:`;
  return { headers, body, base, covered, input, signature, digest: headers["content-digest"] ?? null };
}
