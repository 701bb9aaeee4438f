/** The client in a page, which tests/javascript/test_browser.py serves beside the API. */

import {
  Client,
  InvalidWebhook,
  JobNotCompleted,
  ProblemError,
  verifyWebhook,
} from "../src/index.js";

// As much as Web Crypto gives at once.
const NOISE_BYTES = 65_536;

const client = new Client();

/** A picture of noise, which is some megabytes large. */
async function draw() {
  const canvas = new OffscreenCanvas(1200, 900);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += NOISE_BYTES) {
    crypto.getRandomValues(image.data.subarray(at, at + NOISE_BYTES));
  }
  context.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new File([blob], "drawn “1”.png", { type: blob.type });
}

const checks = {
  async upload_with_progress(file) {
    const reports = [];
    const onProgress = (progress) => reports.push(progress);
    const job = await client.upload(file, { width: 60, format: "webp" }, { onProgress });
    const { loaded, total } = reports.at(-1);
    const ended = await client.wait(job);
    const bitmap = await createImageBitmap(await client.readOutput(ended));
    return {
      filename: job.input.filename,
      bytes: job.input.bytes === file.size,
      progress: loaded === total && total > file.size && file.size > 1_000_000,
      status: ended.status,
      size: [bitmap.width, bitmap.height],
    };
  },

  async events(file) {
    const job = await client.upload(file, { width: 50 });
    const statuses = new Set();
    for await (const event of client.events(job)) statuses.add(event.job.status);
    return [...statuses].at(-1);
  },

  async refused_with_progress(file) {
    const refused = client.upload(file, { width: 0 }, { onProgress: () => {} });
    const error = await refused.catch((one) => one);
    return error instanceof ProblemError && error.errors[0].pointer;
  },

  async failed(file) {
    const job = await client.wait(await client.upload(file.slice(0, 1000)));
    const error = await client.readOutput(job).catch((one) => one);
    return error instanceof JobNotCompleted && error.job.error.code;
  },

  async aborted(file) {
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort("enough") };
    return client.upload(file, {}, options).catch((reason) => reason);
  },

  async path() {
    return client.upload("cat.jpg").catch((error) => error.message);
  },

  async webhook() {
    const { body, headers, secret } = await (await fetch("/delivery")).json();
    const event = await verifyWebhook(body, headers, secret);
    const changed = body.replace("COMPLETED", "FAILED");
    const error = await verifyWebhook(changed, headers, secret).catch((one) => one);
    return [event.type, error instanceof InvalidWebhook];
  },
};

const file = await draw();
const found = {};
for (const [name, check] of Object.entries(checks)) {
  found[name] = await check(file).catch((error) => `${error.stack}`);
}
await fetch("/found", { method: "POST", body: JSON.stringify(found) });
