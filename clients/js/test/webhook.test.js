/** A real delivery, which tests/javascript/test_node.py has received. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { InvalidWebhook, verifyWebhook } from "../src/index.js";

const { body, headers, secret } = JSON.parse(process.env.IMAGEMILL_TEST_DELIVERY);
const OTHER = `whsec_${"b3Ro".repeat(8)}`;

test("a delivery is verified and read", async () => {
  const event = await verifyWebhook(body, headers, secret);
  assert.deepEqual([event.type, event.job.status], ["job.completed", "COMPLETED"]);
  assert.equal(event.id, headers["webhook-id"]);
  const bytes = new TextEncoder().encode(body);
  assert.deepEqual(await verifyWebhook(bytes, new Headers(headers), `${OTHER} ${secret}`), event);
});

const CHANGED = {
  body: [body.replace("COMPLETED", "FAILED"), headers, secret],
  secret: [body, headers, OTHER],
  id: [body, { ...headers, "webhook-id": "another" }, secret],
  timestamp: [body, { ...headers, "webhook-timestamp": "1" }, secret],
  signature: [body, { ...headers, "webhook-signature": "v1" }, secret],
  headers: [body, {}, secret],
};
for (const [what, message] of Object.entries(CHANGED)) {
  test(`a message whose ${what} was changed is refused`, async () => {
    await assert.rejects(verifyWebhook(...message), InvalidWebhook);
  });
}

test("a message of another program is refused though it is signed", async () => {
  for (const other of ["ping", '{"type":"ping"}']) {
    const now = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const signature = createHmac("sha256", key).update(`a.${now}.${other}`).digest("base64");
    const signed = {
      "webhook-id": "a",
      "webhook-timestamp": now,
      "webhook-signature": `v1,${signature}`,
    };
    await assert.rejects(verifyWebhook(other, signed, secret), {
      name: "InvalidWebhook",
      message: /none of imagemill's/,
    });
  }
});

test("a secret that is none is told", async () => {
  await assert.rejects(verifyWebhook(body, headers, ""), TypeError);
});
