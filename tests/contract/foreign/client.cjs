// Signs with npm's http-message-signatures, which shares no code with the gateway or the example clients.
// A read with a query and a write with a body are accepted; the same, altered after signing or sent again, are refused.
'use strict';
const { createHash, randomBytes } = require('node:crypto');
const { createSigner, httpbis } = require('http-message-signatures');

const url = process.env.XUNYUAN_URL.replace(/\/$/, '');
const key = createSigner(process.env.XUNYUAN_SECRET, 'hmac-sha256', process.env.XUNYUAN_KEY_ID);
const always = ['@method', '@authority', '@path', '@query'];

/** A request as fetch takes it, its signature in place. */
async function signed(method, target, document) {
  const body = document && JSON.stringify(document);
  const headers = body
    ? { 'Content-Type': 'application/json', 'Content-Digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:` }
    : {};
  const fields = body ? [...always, 'content-digest', 'content-type'] : always;
  const params = ['created', 'expires', 'keyid', 'alg', 'nonce', 'tag'];
  const paramValues = { nonce: randomBytes(24).toString('base64url'), tag: 'xunyuan-v1' };
  const message = await httpbis.signMessage({ key, fields, params, paramValues }, { method, url: url + target, headers });
  return { ...message, body };
}

/** Sends the request and insists on the answer; returns its document. */
async function send(claim, { url: address, ...request }, status, code) {
  const answer = await fetch(address, { ...request, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  const document = JSON.parse(text);
  if (answer.status !== status || (code && document.code !== code)) {
    throw new Error(`${claim}: expected ${status} ${code ?? ''}, got ${answer.status}\n${text}`);
  }
  console.log(`node: ${claim}: ${status} ${code ?? ''}`.trimEnd());
  return document;
}

async function main() {
  const search = await signed('GET', '/v1/offers?q=%E8%8A%B1+pot&limit=3&currency=JPY&language=ja');
  await send('a search is accepted', search, 200);
  await send('the same search again is refused', search, 401, 'replayed');

  let altered = await signed('GET', '/v1/offers?limit=3');
  altered.url = altered.url.replace('limit=3', 'limit=4');
  await send('a search altered after signing is refused', altered, 401, 'signature_mismatch');

  const offers = await send('a listing is accepted', await signed('GET', '/v1/offers?limit=1'), 200);
  const offer = await send('an offer is accepted', await signed('GET', `/v1/offers/${offers.items[0].id}`), 200);
  const step = offer.order_multiple ?? 1;
  const [sku] = offer.skus.sort((one, other) => other.stock - one.stock);
  const lines = [{ sku_id: sku.id, quantity: Math.ceil(offer.minimum_order / step) * step }];
  await send('a quote is accepted', await signed('POST', '/v1/quotes', { lines }), 201);

  altered = await signed('POST', '/v1/quotes', { lines });
  altered.body = altered.body.replace('"quantity":', '"quantity":1');
  await send('a quote altered after signing is refused', altered, 401, 'digest_mismatch');
}

main().catch((error) => {
  console.error(`node: ${error.message}`);
  process.exit(1);
});
