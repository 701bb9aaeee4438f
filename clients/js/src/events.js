/** Follows a stream of events from one connection to the next, so that no event is missed. */

import { retryDelay, sleep } from "./backoff.js";
import { ImagemillError, UnexpectedResponse } from "./errors.js";
import { hasEnded } from "./jobs.js";
import { EventParser } from "./sse.js";

const MEDIA_TYPE = "text/event-stream";
const TYPES = new Set(["job", "deleted"]);
const NO_CONTENT = 204;
// Unless the server has named another delay.
const RECONNECT_SECONDS = 1;

/**
 * Yield the events of the job until it has ended or was deleted; without one, of all jobs.
 *
 * The first connection is tried `http.maxTries` times. Once it stood, it is made again for as long
 * as that takes: a server that restarts ends no stream.
 */
export async function* follow(http, jobId, lastEventId = "", signal = undefined) {
  const state = { lastEventId, failures: 0, isEstablished: false, isOver: false, delay: 0 };
  while (!state.isOver) {
    await sleep(state.delay, signal);
    try {
      for await (const event of connect(http, jobId, state, signal)) {
        state.isOver = Boolean(jobId) && (event.job === null || hasEnded(event.job));
        yield event;
        if (state.isOver) return;
      }
    } catch (error) {
      if (!(error instanceof ImagemillError)) throw error;
      error.tries = state.failures += 1;
      const hasGivenUp = !state.isEstablished && state.failures >= http.maxTries;
      if (!error.isTransient || hasGivenUp) throw error;
      state.delay = retryDelay(state.failures, error.retryAfterSeconds);
    }
  }
}

async function* connect(http, jobId, state, signal) {
  const headers = { Accept: MEDIA_TYPE };
  if (state.lastEventId) headers["Last-Event-ID"] = state.lastEventId;
  const path = jobId ? `/jobs/${jobId}/events` : "/events";
  const exchange = await http.open({ path, headers, signal });
  try {
    state.isOver = exchange.response.status === NO_CONTENT;
    if (!state.isOver && !exchange.response.headers.get("Content-Type")?.startsWith(MEDIA_TYPE)) {
      throw new UnexpectedResponse(`${exchange.url} answers with no stream of events.`);
    }
    Object.assign(state, { isEstablished: true, failures: 0, delay: RECONNECT_SECONDS });
    const parser = new EventParser(state.lastEventId);
    for await (const chunk of exchange.chunks()) {
      for (const event of parser.feed(chunk)) {
        state.lastEventId = event.lastEventId;
        if (TYPES.has(event.type)) yield toJobEvent(event); // others are of a newer server
      }
      if (parser.retryMilliseconds !== undefined) state.delay = parser.retryMilliseconds / 1000;
    }
  } finally {
    exchange.end();
  }
}

function toJobEvent({ type, data, lastEventId }) {
  const body = JSON.parse(data);
  return { id: lastEventId, jobId: body.id, job: type === "deleted" ? null : body };
}
