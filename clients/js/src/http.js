/** Requests to one server, with retries, and its responses as results or errors. */

import { parseRetryAfter, retryDelay, sleep } from "./backoff.js";
import { ImagemillError, ProblemError, TRANSIENT_STATUSES, UnexpectedResponse } from "./errors.js";
import { Exchange } from "./exchange.js";

// With a page of its own a proxy says that its server restarts, or asks for a password.
const PROXY_STATUSES = new Set([...TRANSIENT_STATUSES, 401, 403]);

export class Http {
  #headers;

  constructor(url, apiKey, maxTries) {
    this.url = new URL(url).href.replace(/\/+$/, "");
    this.maxTries = maxTries;
    this.#headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  }

  /** Return what `read` makes of the successful exchange; transient errors are retried. */
  async send(request, read = readJson) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#try(request, read);
      } catch (error) {
        if (!(error instanceof ImagemillError)) throw error;
        error.tries = tries;
        if (!error.isTransient || tries >= this.maxTries) throw error;
        await sleep(retryDelay(tries, error.retryAfterSeconds), request.signal);
      }
    }
  }

  /** Send the request once and return the exchange, which the caller ends. */
  async open(request) {
    const headers = { ...this.#headers, ...request.headers };
    const exchange = await Exchange.open(this.url + request.path, { ...request, headers });
    if (exchange.response.ok) return exchange;
    try {
      throw await toError(exchange);
    } finally {
      exchange.end();
    }
  }

  async #try(request, read) {
    const exchange = await this.open(request);
    try {
      return await read(exchange);
    } finally {
      exchange.end();
    }
  }
}

/** Return the body, which has to be JSON. */
export async function readJson(exchange) {
  const text = await (await exchange.blob()).text();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unexpected(exchange, error);
  }
}

async function toError(exchange) {
  const error = await toProblem(exchange);
  error.retryAfterSeconds = parseRetryAfter(exchange.response.headers.get("Retry-After"));
  return error;
}

async function toProblem(exchange) {
  const { status } = exchange.response;
  try {
    const { type, detail, errors } = await readJson(exchange);
    if (typeof type === "string" && typeof detail === "string") {
      return new ProblemError(status, type.split("/").pop(), detail, errors);
    }
  } catch (error) {
    if (!(error instanceof UnexpectedResponse)) throw error;
  }
  if (!PROXY_STATUSES.has(status)) return unexpected(exchange);
  return new ProblemError(status, "", `${exchange.url} answers ${status}.`);
}

function unexpected({ url, response }, cause) {
  const sentence = `${url} answers ${response.status}, but is not imagemill: is the address right?`;
  return new UnexpectedResponse(sentence, { cause });
}
