#!/usr/bin/env node
// Commands around the client: walk, vectors, verify, sign, call, search. `walk.mjs` alone lists them.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client, NotGenuine, Problem, Signer, verifyWebhook } from './xunyuan.mjs';

class Failed extends Error {}

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Failed(`${name} is not set. Needed: XUNYUAN_URL, XUNYUAN_KEY_ID, XUNYUAN_SECRET.`);
  return value;
}

const client = () => new Client(setting('XUNYUAN_URL'), setting('XUNYUAN_KEY_ID'), setting('XUNYUAN_SECRET'));

/** Prints one line a step, with its time. */
function steps() {
  let number = 0;
  let started = performance.now();
  return (name, text) => {
    const now = performance.now();
    number += 1;
    console.log(`${number} ${name.padEnd(14)} ${(now - started).toFixed(0).padStart(6)} ms  ${text}`);
    started = now;
  };
}

function expect(condition, sentence) {
  if (!condition) throw new Failed(sentence);
}

/** The smallest quantity that may be ordered: the minimum order, rounded up to the multiple. */
function enough(offer) {
  const multiple = offer.order_multiple ?? 1;
  return Math.ceil(offer.minimum_order / multiple) * multiple;
}

/** Opens offers in turn until one can be quoted: stock moves. */
async function quoteFirstPossible(api, done, items) {
  for (const [number, item] of items.entries()) {
    const offer = (await api.offer(item.id, { language: 'ja', currency: 'JPY' })).json();
    if (number === 0) done('offer', `${offer.id}: ${offer.title}, from ${offer.price.from.amount} JPY`);
    const quantity = enough(offer);
    for (const sku of offer.skus.filter((one) => one.stock >= quantity)) {
      const quote = await tryQuote(api, sku.id, quantity);
      if (!quote) continue;
      done('quote', `${quote.id}: ${quantity} of ${sku.id}, total ${quote.total.amount} ${quote.total.currency}, until ${quote.expires_at}`);
      return quote;
    }
  }
  throw new Failed('none of the offers found can be quoted');
}

async function tryQuote(api, skuId, quantity) {
  try {
    return (await api.quote([{ sku_id: skuId, quantity }], { currency: 'JPY' })).json().quotes[0];
  } catch (error) {
    if (error instanceof Problem && error.code === 'nothing_to_quote') return undefined;
    throw error;
  }
}

async function walk() {
  const api = client();
  const done = steps();
  const words = process.env.XUNYUAN_WORDS ?? '植木鉢';
  const found = (await api.search(words, { language: 'ja', currency: 'JPY' })).json();
  expect(found.items.length > 0, `nothing found for ${words}`);
  done('search', `${words}: ${found.items.length} offers on the first page, ${found.total ?? '?'} in all`);
  const quote = await quoteFirstPossible(api, done, found.items);
  const reference = `PO-${new Date().toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
  const key = randomBytes(24).toString('base64url');
  const first = await api.order(reference, quote.id, key);
  const order = first.json();
  done('order', `${first.status} ${order.id} as ${reference}: ${order.state}`);
  const again = await api.order(reference, quote.id, key);
  expect(again.body.equals(first.body), 'the repeated order was answered with other bytes');
  expect(again.headers.get('idempotency-replayed') === 'true', 'Idempotency-Replayed: true is missing');
  done('order again', 'the same bytes, Idempotency-Replayed: true');
  const lookedUp = (await api.orderByReference(reference)).json();
  expect(lookedUp.id === order.id, 'another order was found under the reference');
  done('by reference', `${lookedUp.id}: ${lookedUp.state}`);
}

function vectors() {
  const { keys, requests } = read('signatures.json');
  const wrong = [];
  for (const vector of requests) {
    const signer = new Signer(vector.key_id, keys[vector.key_id].secret);
    const { headers, base } = signer.sign(vector.method, vector.url, vector.headers, Buffer.from(vector.body ?? ''), {
      alsoCover: vector.also_cover,
      digests: vector.digests,
      created: vector.created,
      nonce: vector.nonce,
    });
    const added = new Map(headers);
    const made = {
      content_digest: added.get('Content-Digest') ?? null,
      signature_base: base,
      signature_input: added.get('Signature-Input'),
      signature: added.get('Signature'),
    };
    for (const [name, value] of Object.entries(vector.expect)) {
      if (made[name] !== value) wrong.push(`${vector.name}: ${name} is ${JSON.stringify(made[name])}`);
    }
  }
  const { deliveries } = read('webhooks.json');
  for (const delivery of deliveries) {
    const accepted = isGenuine(delivery);
    if (accepted !== delivery.accepted) wrong.push(`webhook ${delivery.name}: ${accepted ? 'accepted' : 'refused'}`);
  }
  for (const line of wrong) console.log('WRONG', line);
  console.log(`node: ${requests.length} signatures and ${deliveries.length} webhooks, ${wrong.length} wrong`);
  return wrong.length > 0 ? 1 : 0;
}

function isGenuine({ secret, headers, body, now }) {
  try {
    verifyWebhook(secret, headers, Buffer.from(body), { now });
    return true;
  } catch (error) {
    if (error instanceof NotGenuine) return false;
    throw error;
  }
}

function verify([id, timestamp, signature]) {
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  try {
    verifyWebhook(setting('XUNYUAN_WEBHOOK_SECRET'), headers, readFileSync(0));
  } catch (error) {
    if (!(error instanceof NotGenuine)) throw error;
    console.log(`not genuine: ${error.message}`);
    return 1;
  }
  console.log('genuine');
  return 0;
}

function sign([method, url, body = '', key = '']) {
  const headers = body ? [['Content-Type', 'application/json']] : [];
  if (key) headers.push(['Idempotency-Key', key]);
  const signed = new Signer(setting('XUNYUAN_KEY_ID'), setting('XUNYUAN_SECRET')).sign(method, url, headers, Buffer.from(body));
  for (const [name, value] of [...headers, ...signed.headers]) console.log(`${name}: ${value}`);
  console.error(signed.base);
}

async function call([method, path, body, key]) {
  const answer = await client().call(method, path, { body: body ? JSON.parse(body) : undefined, idempotencyKey: key });
  console.log(answer.body.toString());
}

async function search(words) {
  const found = (await client().search(words.join(' '), { language: 'ja', currency: 'JPY' })).json();
  for (const item of found.items) console.log([item.id, item.price.from.amount, item.title].join('\t'));
}

// Function, how many arguments it needs at least, what it does.
const COMMANDS = {
  walk: [walk, 0, 'search → offer → quote → order → the same order again → look it up'],
  vectors: [vectors, 0, 'checks this client against ../vectors'],
  verify: [verify, 3, 'ID TIMESTAMP SIGNATURE < body: is this webhook genuine? (secret in XUNYUAN_WEBHOOK_SECRET)'],
  sign: [sign, 2, 'METHOD URL [BODY] [IDEMPOTENCY-KEY]: prints the headers to send, and the signature base on stderr'],
  call: [call, 2, 'METHOD PATH [BODY] [IDEMPOTENCY-KEY]: signs, sends, prints the answer'],
  search: [search, 1, 'WORDS: the first page in Japanese and JPY'],
};

async function main([name, ...rest]) {
  const [command, needed] = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : [];
  if (!command || rest.length < needed) {
    console.log('usage: walk.mjs COMMAND');
    for (const [one, [, , text]] of Object.entries(COMMANDS)) console.log(`  ${one} ${text}`);
    return 2;
  }
  try {
    return (await command(rest)) ?? 0;
  } catch (error) {
    if (error instanceof Failed || error instanceof Problem) console.error(`FAILED: ${error.message}`);
    else if (error.cause?.code) console.error(`FAILED: ${process.env.XUNYUAN_URL} cannot be reached: ${error.cause.code}`);
    else throw error;
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
