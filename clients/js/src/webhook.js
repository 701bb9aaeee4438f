/** Verification of webhooks, as Standard Webhooks specifies their signatures. */

import { findSubtle } from "./crypto.js";
import { InvalidWebhook } from "./errors.js";

const PREFIX = "whsec_";
const TOLERANCE_SECONDS = 5 * 60;
const TYPES = new Set(["job.completed", "job.failed", "job.canceled"]);

/**
 * Return the event, if the message was signed by the secret within the last five minutes.
 *
 * `body` has to be the bytes as they were received. `secret` is what `imagemill webhook-secret`
 * prints; several, separated by spaces, are accepted while it is rotated. Throws InvalidWebhook.
 */
export async function verifyWebhook(body, headers, secret) {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const { id, timestamp, signatures } = readHeaders(headers);
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= TOLERANCE_SECONDS)) throw new InvalidWebhook("The webhook is too old.");
  const signed = join(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const keys = await Promise.all(secret.trim().split(/\s+/).map(importKey));
  const subtle = await findSubtle();
  const checks = keys.flatMap((key) =>
    signatures.map((signature) => subtle.verify("HMAC", key, signature, signed)),
  );
  if (!(await Promise.all(checks)).includes(true)) {
    throw new InvalidWebhook("The signature of the webhook is wrong.");
  }
  const event = readEvent(bytes);
  return { id, type: event.type, timestamp: event.timestamp, job: event.data };
}

function readEvent(bytes) {
  try {
    const event = JSON.parse(new TextDecoder().decode(bytes));
    if (TYPES.has(event.type)) return event;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InvalidWebhook("The message is signed, but is none of imagemill's.");
}

function join(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function readHeaders(headers) {
  const pairs = headers instanceof Headers ? headers : Object.entries(headers);
  const found = new Map([...pairs].map(([name, value]) => [name.toLowerCase(), String(value)]));
  const [id, timestamp, text] = ["id", "timestamp", "signature"].map((name) =>
    found.get(`webhook-${name}`),
  );
  if (!id || !timestamp || !text) throw new InvalidWebhook("The webhook has no signature.");
  const versioned = text.split(" ").filter((one) => one.startsWith("v1,"));
  return { id, timestamp, signatures: versioned.map((one) => decode(one.slice(3))) };
}

async function importKey(secret) {
  const bytes = decode(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  if (!bytes.length) throw new TypeError("There is no secret to verify webhooks with.");
  const subtle = await findSubtle();
  return subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function decode(base64) {
  try {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
