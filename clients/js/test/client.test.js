/** The client with a real server: run by tests/javascript/test_node.py, which names the servers. */

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  Client,
  ConnectionFailed,
  DamagedDownload,
  JobNotCompleted,
  ProblemError,
  UnexpectedResponse,
  WaitTimeout,
} from "../src/index.js";

// The address of the server, and of proxies to it that are named after their faults.
const SERVERS = JSON.parse(process.env.IMAGEMILL_TEST_SERVERS);
const PHOTO = process.env.IMAGEMILL_TEST_PHOTO;
const SLOW = { outputs: [{ name: "a", width: 5000, enlarge: true }] };

const client = new Client(SERVERS.plain);
const photo = await readFile(PHOTO);
const folder = await mkdtemp(join(tmpdir(), "imagemill-"));

async function take(count, values) {
  const taken = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}

test("a picture is uploaded, waited for and downloaded", async () => {
  const job = await client.upload(PHOTO, { width: 32, format: "webp", metadata: { a: ["ü"] } });
  assert.equal(job.input.filename, "Grüße “1”.jpg");
  const ended = await client.wait(job);
  assert.deepEqual([ended.status, ended.outputs[0].width], ["COMPLETED", 32]);
  assert.deepEqual(ended.metadata, { a: ["ü"] });
  const target = join(folder, "new", "cat.webp");
  await client.download(ended, target);
  await client.download(job, target); // as it was when it was uploaded: it is read anew
  assert.equal((await readFile(target)).length, ended.outputs[0].bytes);
  const blob = await client.readOutput(job.id, { output: "image" });
  assert.deepEqual([blob.type, blob.size], ["image/webp", ended.outputs[0].bytes]);
  assert.deepEqual(Buffer.from(await (await client.readInput(job)).arrayBuffer()), photo);
});

test("a picture may come from anywhere", async () => {
  const sources = [
    photo,
    new Uint8Array(photo).buffer,
    new Blob([photo]),
    new Blob([photo]).stream(),
    createReadStream(PHOTO),
    pathToFileURL(PHOTO),
  ];
  const jobs = await Promise.all(sources.map((one) => client.upload(one)));
  assert.equal(new Set(jobs.map((job) => job.input.sha256)).size, 1);
  assert.equal(new Set(jobs.map((job) => job.id)).size, sources.length);
  assert.equal((await client.upload(photo, {}, { filename: "ü.jpg" })).input.filename, "ü.jpg");
  await assert.rejects(client.upload(42), TypeError);
  await assert.rejects(client.upload("nowhere.jpg"), /ENOENT.*'nowhere.jpg'/);
});

test("the life of a job is told", async () => {
  const job = await client.upload(photo, { preset: "thumbnail" }, { wait: 30 });
  assert.deepEqual(await client.job(job), job);
  const statuses = (await client.history(job)).map((event) => event.status);
  assert.deepEqual(statuses, ["PENDING", "PROCESSING", "COMPLETED"]);
  assert.match((await client.explain(job)).summary, /^It /);
  assert.deepEqual(await client.deliveries(job), []);
  const { url } = await client.createLink(job, { expiresIn: 60 });
  assert.equal((await fetch(url)).status, 200);
  assert.ok("default" in (await client.presets()));
  assert.ok((await client.capabilities()).inputs.includes("image/jpeg"));
});

test("a wait has an end, and a signal ends it too", async () => {
  const job = await client.upload(photo, { pipeline: SLOW });
  await assert.rejects(client.wait(job, { timeoutSeconds: 0 }), WaitTimeout);
  const soon = { signal: AbortSignal.timeout(1) };
  await assert.rejects(client.wait(job.id, soon), { name: "TimeoutError" });
  await assert.rejects(client.wait(job.id, soon), { name: "TimeoutError" });
  await client.delete(job);
});

test("a job that did not complete says why", async () => {
  const job = await client.wait(await client.upload(photo.subarray(0, 300)));
  assert.equal(job.error.code, "invalid_image");
  const target = join(await mkdtemp(join(folder, "none-")), "cat.webp");
  await assert.rejects(client.download(job, target), (error) => {
    assert.ok(error instanceof JobNotCompleted);
    return /is FAILED: invalid_image: /.test(error.message);
  });
});

test("a job is canceled, retried and deleted", async () => {
  const job = await client.upload(photo, { pipeline: SLOW });
  assert.equal((await client.cancel(job)).status, "CANCELED");
  await assert.rejects(client.cancel(job), { name: "ProblemError", slug: "conflict", status: 409 });
  assert.equal((await client.retry(job)).status, "PENDING");
  await client.delete(job);
  await assert.rejects(client.delete(job), { slug: "not-found" });
});

test("what the server refuses names the fields", async () => {
  await assert.rejects(client.upload(photo, { width: 0, fit: "circle" }), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.match(error.message, /\n {2}\/outputs\/0\/width: Input should be/);
    const pointers = error.errors.map((one) => one.pointer).sort();
    assert.deepEqual(pointers, ["/outputs/0/fit", "/outputs/0/width"]);
    return true;
  });
  await assert.rejects(client.job("../presets"), TypeError);
});

test("jobs are listed page by page", async () => {
  const newest = [];
  for (let n = 0; n < 3; n++) newest.unshift((await client.upload(photo, {}, { wait: 30 })).id);
  const listed = await take(3, client.jobs({ status: ["COMPLETED"], pageSize: 2 }));
  assert.deepEqual(listed.map((job) => job.id), newest);
});

test("a job is followed to its end, and to its deletion", async () => {
  const filename = "a\u2028b.jpg";
  const job = await client.upload(photo, {}, { filename });
  const events = await take(Infinity, client.events(job));
  const last = events.at(-1);
  assert.deepEqual([last.job.status, last.job.input.filename], ["COMPLETED", filename]);
  assert.deepEqual(await take(Infinity, client.events(job, { lastEventId: last.id })), []);
  const slow = await client.upload(photo, { pipeline: SLOW });
  const following = client.events(slow.id);
  assert.equal((await following.next()).value.jobId, slow.id);
  await client.delete(slow);
  assert.equal((await take(Infinity, following)).at(-1).job, null);
});

test("a signal ends a stream of events", async () => {
  const controller = new AbortController();
  const events = client.events(null, { signal: controller.signal });
  const waiting = assert.rejects(events.next(), (reason) => reason === "enough");
  controller.abort("enough");
  await waiting;
});

test("events that the client does not know are passed over", async () => {
  const id = "01a20a24-c533-70b0-90a7-5a920844137c";
  const server = createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write('id: 7\nevent: batch\ndata: {"id": "b"}\n\n');
    response.write(`event: deleted\ndata: {"id": "${id}"}\n\n`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const newer = new Client(`http://127.0.0.1:${server.address().port}`);
  assert.deepEqual(await take(1, newer.events()), [{ id: "7", jobId: id, job: null }]);
  server.closeAllConnections();
  server.close();
});

test("no event is missed when connections are lost", async () => {
  const first = await client.upload(photo, {}, { wait: 30 });
  const [{ id: since }] = (await take(3, client.events(first, { lastEventId: "0" }))).slice(-1);
  const events = new Client(SERVERS.shortLived).events(null, { lastEventId: since });
  const jobs = [];
  for (let n = 0; n < 2; n++) jobs.push((await client.upload(photo, {}, { wait: 30 })).id);
  const seen = await take(6, events);
  assert.deepEqual(seen.map((event) => event.jobId), jobs.flatMap((id) => [id, id, id]));
});

test("an upload whose answer was lost makes one job", async () => {
  const before = (await take(1, client.jobs()))[0].id;
  const job = await new Client(SERVERS.lostUpload).upload(photo);
  const newest = await take(2, client.jobs());
  assert.deepEqual(newest.map((one) => one.id), [job.id, before]);
});

test("a change whose answer was lost is recognised", async () => {
  const job = await client.upload(photo, { pipeline: SLOW });
  assert.equal((await new Client(SERVERS.lostChange).cancel(job)).status, "CANCELED");
});

test("a server is left alone for as long as it asks", async () => {
  const begin = performance.now();
  await new Client(SERVERS.busyOnce).presets();
  assert.ok(performance.now() - begin >= 2000);
});

test("an error that stays is raised after the last try", async () => {
  await assert.rejects(new Client(SERVERS.busy, { maxTries: 2 }).presets(), (error) => {
    assert.deepEqual([error.status, error.tries, error.isTransient], [503, 2, true]);
    return true;
  });
  await assert.rejects(new Client(SERVERS.nobody, { maxTries: 1 }).presets(), ConnectionFailed);
  const events = new Client(SERVERS.nobody, { maxTries: 1 }).events();
  await assert.rejects(events.next(), ConnectionFailed);
  await assert.rejects(new Client(SERVERS.html).presets(), UnexpectedResponse);
});

test("a damaged download is never kept", async () => {
  const job = await client.upload(photo, {}, { wait: 30 });
  const damaged = new Client(SERVERS.damaged, { maxTries: 1 });
  const empty = await mkdtemp(join(folder, "empty-"));
  await writeFile(join(empty, "cat.webp"), "old");
  await assert.rejects(damaged.download(job, join(empty, "cat.webp")), DamagedDownload);
  await assert.rejects(damaged.readOutput(job), DamagedDownload);
  assert.deepEqual(await readdir(empty), ["cat.webp"]);
  assert.equal(await readFile(join(empty, "cat.webp"), "utf8"), "old");
});
