// A small client for the Xunyuan partner API: signs every request, explains every refusal.
// No dependency, Node 20 or later. Copy this file into your project; walk.mjs shows how it is used.

import { createHash, createHmac, createPrivateKey, randomBytes, sign as signWithKey, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const TAG = 'xunyuan-v1';

// What to do about the refusals you are most likely to meet; the page behind `type` knows all of them.
const ADVICE = {
  signature_missing: 'Send Signature-Input and Signature; Accept-Signature in the answer lists what to cover.',
  signature_malformed: 'Compare your two headers with the worked example in partner-sdk-examples/README.md.',
  coverage_insufficient: 'Cover the components the answer lists.',
  clock_skew: "Set this machine's clock (NTP); server_time in the answer is the gateway's.",
  unknown_key: 'Check XUNYUAN_KEY_ID, and that a sandbox key goes to the sandbox and a live key to the live gateway.',
  signature_mismatch: 'Check XUNYUAN_SECRET, then compare your signature base with signature_base (sandbox keys get it).',
  digest_mismatch: 'Digest exactly the bytes you send; do not serialise the JSON twice.',
  replayed: 'Use a fresh nonce for every request, retries too; keep the Idempotency-Key.',
  scope_missing: 'Ask for a key with this scope.',
  rate_limited: 'Wait for Retry-After seconds; RateLimit tells what is left before you run into it.',
  order_in_progress: 'The first call is still running: wait for Retry-After, then repeat with the same Idempotency-Key.',
  idempotency_mismatch: 'This Idempotency-Key was used with another body: take a new key for a new order.',
};

/** An answer that is not a success (RFC 9457), with what to do next. */
export class Problem extends Error {
  constructor(status, headers, body) {
    super();
    this.document = parsed(body);
    this.status = status;
    this.code = this.document.code ?? 'no_code';
    this.detail = this.document.detail ?? this.document.title ?? body.subarray(0, 200).toString();
    this.requestId = this.document.request_id ?? headers.get('x-request-id') ?? 'unknown';
    this.retryAfter = headers.get('retry-after');
    this.retryable = Boolean(this.document.retryable);
    this.message = this.explain();
  }

  explain() {
    const lines = [`${this.status} ${this.code}: ${this.detail}`];
    for (const error of this.document.errors ?? []) lines.push(`  ${error.pointer ?? '#'}: ${error.detail ?? JSON.stringify(error)}`);
    if (this.document.signature_base) lines.push(`  the gateway's signature base:\n${this.document.signature_base}`);
    lines.push(`  request id: ${this.requestId} (quote it when you ask)`, `  next: ${this.nextStep()}`);
    return lines.join('\n');
  }

  nextStep() {
    if (ADVICE[this.code]) return ADVICE[this.code];
    if (this.retryable) return `Try again after ${this.retryAfter ?? 1} s, with the same Idempotency-Key if there is one.`;
    const page = this.document.type ?? 'about:blank';
    return page === 'about:blank' ? 'Mend the request.' : `Read ${page}`;
  }
}

function parsed(body) {
  try {
    const document = JSON.parse(body.toString());
    return document && typeof document === 'object' ? document : {};
  } catch {
    return {};
  }
}

/** Signs requests: RFC 9421 with the tag xunyuan-v1, RFC 9530 for the body. */
export class Signer {
  constructor(keyId, secret) {
    const text = existsSync(secret) ? readFileSync(secret, 'ascii') : secret;
    this.keyId = keyId;
    this.algorithm = text.includes('PRIVATE KEY') ? 'ed25519' : 'hmac-sha256';
    const key = this.algorithm === 'ed25519' ? createPrivateKey(text) : text;
    this.signBytes = (data) =>
      this.algorithm === 'ed25519' ? signWithKey(null, data, key) : createHmac('sha256', key).update(data).digest();
  }

  /** Returns the headers to add, and the signature base, to compare when something does not fit. */
  sign(method, url, headers = [], body = Buffer.alloc(0), options = {}) {
    const { alsoCover = [], digests = ['sha-256'] } = options;
    const created = options.created ?? Math.floor(Date.now() / 1000);
    const nonce = options.nonce ?? randomBytes(16).toString('base64url');
    const added = [];
    const covered = ['@method', '@authority', '@path', '@query'];
    if (body.length > 0) {
      added.push(['Content-Digest', contentDigest(body, digests)]);
      covered.push('content-digest', 'content-type');
    }
    const fields = new Map([...headers, ...added].map(([name, value]) => [name.toLowerCase(), value.trim()]));
    if (fields.has('idempotency-key')) covered.push('idempotency-key');
    covered.push(...alsoCover);
    const names = covered.map((name) => `"${name}"`).join(' ');
    const params = `(${names});created=${created};nonce="${nonce}";keyid="${this.keyId}";alg="${this.algorithm}";tag="${TAG}"`;
    for (const [name, value] of derivedComponents(method, url)) fields.set(name, value);
    const lines = covered.map((name) => {
      if (!fields.has(name)) throw new Error(`"${name}" is to be signed but is not there`);
      return `"${name}": ${fields.get(name)}`;
    });
    const base = [...lines, `"@signature-params": ${params}`].join('\n');
    const signature = this.signBytes(Buffer.from(base)).toString('base64');
    added.push(['Signature-Input', `sig=${params}`], ['Signature', `sig=:${signature}:`]);
    return { headers: added, base };
  }
}

export function contentDigest(body, algorithms = ['sha-256']) {
  return algorithms.map((name) => `${name}=:${createHash(name.replace('-', '')).update(body).digest('base64')}:`).join(', ');
}

/** The parts of the request line as `fetch` sends them; `URL` drops the default port and capitals of the host. */
function derivedComponents(method, url) {
  const { host, pathname, search } = new URL(url);
  return [['@method', method], ['@authority', host], ['@path', pathname], ['@query', search || '?']];
}

/** Calls the partner API. `secret` is the text xys_…, or an ed25519 key in PEM (or a file that holds one). */
export class Client {
  constructor(url, keyId, secret, { timeoutMs = 30_000 } = {}) {
    this.url = url.replace(/\/$/, '');
    this.timeoutMs = timeoutMs;
    this.signer = new Signer(keyId, secret);
  }

  /**
   * Sends a request and returns `{ status, headers, body, json() }`, or throws `Problem`.
   *
   * Repeats by itself only what is safe to repeat: reads, and writes that have an idempotency key.
   * Every attempt is signed anew, with a fresh nonce and the same idempotency key.
   */
  async call(method, path, { query, body, idempotencyKey, attempts = 3 } = {}) {
    const url = this.url + path + (query ? `?${new URLSearchParams(query)}` : '');
    const data = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const headers = data.length > 0 ? [['Content-Type', 'application/json']] : [];
    if (idempotencyKey) headers.push(['Idempotency-Key', idempotencyKey]);
    const safe = ['GET', 'HEAD'].includes(method) || Boolean(idempotencyKey);
    for (let left = attempts - 1; ; left--) {
      let answer;
      try {
        answer = await this.send(method, url, headers, data);
      } catch (error) {
        if (!safe || left <= 0) throw error;
        await sleep(1000);
        continue;
      }
      if (answer.status < 400) return answer;
      const problem = new Problem(answer.status, answer.headers, answer.body);
      if (!safe || left <= 0 || !problem.retryable) throw problem;
      await sleep(Math.min(Number.parseInt(problem.retryAfter ?? '1', 10) || 1, 30) * 1000);
    }
  }

  async send(method, url, headers, data) {
    const signed = this.signer.sign(method, url, headers, data);
    const response = await fetch(url, {
      method,
      headers: [...headers, ...signed.headers],
      body: data.length > 0 ? data : undefined,
      redirect: 'manual',
      signal: AbortSignal.timeout(this.timeoutMs),
    });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, body, json: () => JSON.parse(body.toString()) };
  }

  search(words, more = {}) {
    return this.call('GET', '/v1/offers', { query: { q: words, ...more } });
  }

  offer(offerId, more) {
    return this.call('GET', `/v1/offers/${encodeURIComponent(offerId)}`, { query: more });
  }

  quote(lines, more = {}) {
    return this.call('POST', '/v1/quotes', { body: { lines, ...more } });
  }

  order(reference, quoteId, idempotencyKey, more = {}) {
    return this.call('POST', '/v1/orders', { body: { reference, quote_id: quoteId, ...more }, idempotencyKey });
  }

  orderByReference(reference) {
    return this.call('GET', `/v1/orders/by-reference/${encodeURIComponent(reference)}`);
  }
}

/** A webhook delivery that must not be trusted. */
export class NotGenuine extends Error {}

/**
 * Checks a delivery (Standard Webhooks 1.0) over the raw bytes of its body; throws `NotGenuine`.
 * Afterwards remember `webhook-id`: deliveries come at least once.
 */
export function verifyWebhook(secret, headers, body, { now = Date.now() / 1000, toleranceS = 300 } = {}) {
  const fields = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => fields.get(`webhook-${name}`));
  if (!id || !timestamp || !signatures) throw new NotGenuine('one of the three webhook- headers is missing');
  if (!/^\d+$/.test(timestamp) || Math.abs(now - Number(timestamp)) > toleranceS) {
    throw new NotGenuine('webhook-timestamp is too far from now');
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`);
  const fits = signatures.split(' ').map((text) => {
    const given = Buffer.from(text);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!fits.includes(true)) throw new NotGenuine('no signature fits');
}
