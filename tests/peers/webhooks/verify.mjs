// A receiver in Node. Reads one delivery a line, writes `accepted` or `refused` a line: `v1` by the
// package standardwebhooks, `v1a` by node:crypto. Each is judged at the time when it was received.

import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const WINDOW_S = 300;
// What stands before a raw Ed25519 key in SubjectPublicKeyInfo.
const ED25519_SPKI = Buffer.from("302a300506032b6570032100", "hex");

function acceptsV1({ key, id, timestamp, signature }, body) {
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  try {
    new Webhook(key).verify(body, headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

function acceptsV1a({ key, id, timestamp, signature, received_at }, body) {
  const age = received_at - Number(timestamp);
  if (!(Math.abs(age) <= WINDOW_S)) return false;
  const raw = Buffer.from(key.slice("whpk_".length), "base64");
  const spki = Buffer.concat([ED25519_SPKI, raw]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return signature
    .split(" ")
    .map((entry) => entry.split(","))
    .filter(([version]) => version === "v1a")
    .some(([, value]) => verify(null, signed, publicKey, Buffer.from(value, "base64")));
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const delivery = JSON.parse(line);
  const body = Buffer.from(delivery.body_base64, "base64");
  Date.now = () => delivery.received_at * 1000;
  const accepts = delivery.key.startsWith("whpk_") ? acceptsV1a : acceptsV1;
  console.log(accepts(delivery, body) ? "accepted" : "refused");
}
