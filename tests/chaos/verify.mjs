// Verifies recorded deliveries with the official library of Standard Webhooks from npm.
//
// usage: verify.mjs PACKAGES ENDPOINTS DELIVERIES   (folder with the library; JSON: path → secret; JSON lines)
// Prints a JSON object {"verified", "refused": [[endpoint, id, why]], "forged"}; the clock is set to each arrival.
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, endpoints, deliveries] = process.argv.slice(2);
const { Webhook } = createRequire(`${packages}/`)("standardwebhooks");

const webhooks = new Map();
for (const [path, secret] of Object.entries(JSON.parse(readFileSync(endpoints, "utf8")))) {
  webhooks.set(path, new Webhook(secret));
}

let [verified, forged] = [0, 0];
const refused = [];
for await (const line of createInterface({ input: createReadStream(deliveries), crlfDelay: Infinity })) {
  const delivery = JSON.parse(line);
  const headers = Object.fromEntries(delivery.headers);
  const webhook = webhooks.get(delivery.endpoint);
  Date.now = () => delivery.at_ms;
  try {
    if (!webhook) throw new Error("nobody asked for deliveries to this path");
    webhook.verify(delivery.body, headers);
    verified += 1;
  } catch (error) {
    refused.push([delivery.endpoint, headers["webhook-id"] ?? "", `${error.name}: ${error.message}`]);
    continue;
  }
  try {
    webhook.verify(`${delivery.body} `, headers);
    forged += 1;
  } catch {
    // as it should be
  }
}
console.log(JSON.stringify({ verified, refused, forged }));
