/** The client of an imagemill server; `index.d.ts` describes its methods. */

import { pollDelay, sleep } from "./backoff.js";
import { randomKey } from "./crypto.js";
import { readVerified, saveVerified } from "./download.js";
import { ProblemError, WaitTimeout } from "./errors.js";
import { follow } from "./events.js";
import { Http } from "./http.js";
import { hasEnded, requireCompleted, toId } from "./jobs.js";
import { toForm } from "./upload.js";

const MAX_TRIES = 5;
// The longest that a server holds a response.
const MAX_WAIT_SECONDS = 55;
const PAGE_SIZE = 100;
const NOT_FOUND = 404;
const CONFLICT = 409;

export class Client {
  #http;

  constructor(url = defaultUrl(), { apiKey, maxTries = MAX_TRIES } = {}) {
    this.#http = new Http(String(url), apiKey, maxTries);
  }

  async upload(source, fields = {}, options = {}) {
    const { filename, idempotencyKey, wait = 0, onProgress, signal } = options;
    // Should a response be lost, the next try gets the same job instead of a second one.
    const headers = { "Idempotency-Key": idempotencyKey ?? (await randomKey()), ...prefer(wait) };
    const body = await toForm(source, fields, filename);
    const waitSeconds = wait;
    const request = { method: "POST", path: "/upload", headers, body, waitSeconds };
    return this.#http.send({ ...request, onProgress, signal });
  }

  async job(job, { signal } = {}) {
    return this.#http.send({ path: pathOf(job), signal });
  }

  async wait(job, { timeoutSeconds = Infinity, signal } = {}) {
    if (typeof job === "object" && hasEnded(job)) return job;
    const until = Date.now() + timeoutSeconds * 1000;
    for (let polls = 0; ; polls++) {
      // A server that holds its response needs no pause between polls; others get one.
      if (polls) await sleep(pollDelay(polls), signal);
      const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      const waitSeconds = Math.min(left, MAX_WAIT_SECONDS);
      const headers = prefer(waitSeconds);
      const current = await this.#http.send({ path: pathOf(job), headers, waitSeconds, signal });
      if (hasEnded(current)) return current;
      if (Date.now() >= until) throw new WaitTimeout(current, timeoutSeconds);
    }
  }

  async *jobs({ status = [], pageSize = PAGE_SIZE, signal } = {}) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const one of [status].flat()) query.append("status", one);
    let cursor;
    do {
      const page = await this.#http.send({ path: `/jobs?${query}`, signal });
      yield* page.jobs;
      cursor = page.next_cursor;
      query.set("cursor", cursor);
    } while (cursor !== null);
  }

  events(job, { lastEventId, signal } = {}) {
    const jobId = job === undefined || job === null ? undefined : toId(job);
    return follow(this.#http, jobId, lastEventId, signal);
  }

  async history(job) {
    return (await this.#http.send({ path: `${pathOf(job)}/history` })).events;
  }

  async explain(job) {
    return this.#http.send({ path: `${pathOf(job)}/explain` });
  }

  async download(job, path, { output, signal } = {}) {
    const request = { path: await this.#outputPath(job, output), signal };
    await this.#http.send(request, (exchange) => saveVerified(exchange, path));
  }

  async readOutput(job, { output, signal } = {}) {
    return this.#http.send({ path: await this.#outputPath(job, output), signal }, readVerified);
  }

  async readInput(job, { signal } = {}) {
    return this.#http.send({ path: `${pathOf(job)}/input`, signal }, readVerified);
  }

  async createLink(job, { output, expiresIn }) {
    const path = `${await this.#outputPath(job, output)}/link`;
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ expires_in: expiresIn });
    const link = await this.#http.send({ method: "POST", path, headers, body });
    return { ...link, url: new URL(link.url, this.#http.url).href };
  }

  async cancel(job) {
    return this.#change(job, "cancel", ["CANCELED"]);
  }

  async retry(job) {
    return this.#change(job, "retry", ["PENDING", "PROCESSING", "COMPLETED"]);
  }

  async delete(job) {
    try {
      await this.#http.send({ method: "DELETE", path: pathOf(job) }, () => undefined);
    } catch (error) {
      // A try whose response was lost may have deleted it.
      if (!isProblem(error, NOT_FOUND) || error.tries === 1) throw error;
    }
  }

  async deliveries(job) {
    return (await this.#http.send({ path: `${pathOf(job)}/deliveries` })).deliveries;
  }

  async redeliver(job, n) {
    return this.#http.send({ method: "POST", path: `${pathOf(job)}/deliveries/${n}/redeliver` });
  }

  async presets() {
    return (await this.#http.send({ path: "/presets" })).presets;
  }

  async capabilities() {
    return this.#http.send({ path: "/capabilities" });
  }

  /** A try whose response was lost may have changed the job: the next one is then a conflict. */
  async #change(job, action, reached) {
    try {
      return await this.#http.send({ method: "POST", path: `${pathOf(job)}/${action}` });
    } catch (error) {
      if (!isProblem(error, CONFLICT) || error.tries === 1) throw error;
      const current = await this.job(job);
      if (!reached.includes(current.status)) throw error;
      return current;
    }
  }

  async #outputPath(job, output) {
    const name = output ?? (await this.#firstOutput(job));
    return `${pathOf(job)}/outputs/${encodeURIComponent(name)}`;
  }

  async #firstOutput(job) {
    const isFinal = typeof job === "object" && hasEnded(job);
    const current = isFinal ? job : await this.job(job);
    return requireCompleted(current).outputs[0].name;
  }
}

function defaultUrl() {
  return globalThis.location?.origin ?? "http://127.0.0.1:8000";
}

function pathOf(job) {
  return `/jobs/${toId(job)}`;
}

function prefer(seconds) {
  return seconds ? { Prefer: `wait=${Math.min(Math.ceil(seconds), MAX_WAIT_SECONDS)}` } : {};
}

function isProblem(error, status) {
  return error instanceof ProblemError && error.status === status;
}
