#!/usr/bin/env node
// A receiver of webhooks: checks each delivery over its raw bytes, remembers its id, answers 204.
//
//   XUNYUAN_WEBHOOK_SECRET=whsec_… node webhook.mjs 9000   listens at http://127.0.0.1:9000/
//   node webhook.mjs try                                   makes an endpoint for itself, has a test sent, deletes it again
//                                                          (the gateway must allow 127.0.0.0/8, as the demo does)

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Client, NotGenuine, verifyWebhook } from './xunyuan.mjs';

/** A server that gives each genuine event to `hear`, once. */
export function receiver(secret, hear) {
  const seen = new Set(); // yours belongs into a database, beside what you do because of the event
  return createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    try {
      verifyWebhook(secret(), request.headers, body);
    } catch (error) {
      response.writeHead(error instanceof NotGenuine ? 401 : 500).end(error.message);
      return;
    }
    response.writeHead(204).end(); // answer soon, work later
    const id = request.headers['webhook-id'];
    if (!seen.has(id)) {
      seen.add(id);
      hear(JSON.parse(body));
    }
  });
}

async function listen(server, port) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/`;
}

async function attempt() {
  const api = new Client(process.env.XUNYUAN_URL, process.env.XUNYUAN_KEY_ID, process.env.XUNYUAN_SECRET);
  let made;
  let heard;
  const event = new Promise((resolve) => (heard = resolve));
  const server = receiver(() => made.secret, heard);
  const url = await listen(server, 0);
  made = (await api.call('POST', '/v1/webhook-endpoints', { body: { url, types: ['*'] } })).json();
  const path = `/v1/webhook-endpoints/${made.id}`;
  try {
    await api.call('POST', `${path}/test`);
    const late = new Promise((resolve) => setTimeout(resolve, 10_000).unref());
    const { type, data } = (await Promise.race([event, late])) ?? {};
    if (type !== 'webhook.test' || data.endpoint_id !== made.id) {
      const { items } = (await api.call('GET', `${path}/deliveries`)).json();
      throw new Error(`no genuine test within 10 s: ${JSON.stringify(items)}`);
    }
    console.log(`node: ${type} arrived and is genuine`);
  } finally {
    await api.call('DELETE', path);
    server.close();
    server.closeAllConnections();
  }
}

const [what] = process.argv.slice(2);
if (what === 'try') {
  attempt().catch((error) => {
    console.error(`FAILED: ${error.message}`);
    process.exitCode = 1;
  });
} else if (/^\d+$/.test(what ?? '') && process.env.XUNYUAN_WEBHOOK_SECRET) {
  const server = receiver(() => process.env.XUNYUAN_WEBHOOK_SECRET, (event) => console.log(JSON.stringify(event)));
  console.log(`listening at ${await listen(server, Number(what))}`);
} else {
  console.error('usage: XUNYUAN_WEBHOOK_SECRET=whsec_… node webhook.mjs PORT, or node webhook.mjs try');
  process.exitCode = 2;
}
