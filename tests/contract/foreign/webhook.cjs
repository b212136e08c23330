// Verifies a delivery, given as JSON on standard input, with npm's standardwebhooks; the same, altered, is refused.
'use strict';
const { readFileSync } = require('node:fs');
const { Webhook } = require('standardwebhooks');

const { claim, secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
const text = Buffer.from(body, 'base64').toString('utf8');
const webhook = new Webhook(secret);

webhook.verify(text, headers);
for (const [altered, fields] of [[`${text} `, headers], [text, { ...headers, 'webhook-id': 'evt_other' }]]) {
  let accepted = true;
  try {
    webhook.verify(altered, fields);
  } catch {
    accepted = false;
  }
  if (accepted) {
    console.error(`node: ${claim}: an altered delivery was accepted`);
    process.exit(1);
  }
}
console.log(`node: ${claim}: genuine, altered refused`);
