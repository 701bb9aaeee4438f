/** One request and its response: time-outs, and failures of the network as ConnectionFailed. */

import { ConnectionFailed, ImagemillError } from "./errors.js";
import { canReportProgress, sendWithProgress } from "./progress.js";

// Longer than a slow disk takes to sync an upload, and twice the pause between comments of a stream.
const SILENCE_SECONDS = 30;

export class Exchange {
  #controller = new AbortController();
  #seconds;
  #signal;
  #timer;

  /** Send the request and return the exchange once the response has begun. */
  static async open(url, request) {
    const exchange = new Exchange(url, request);
    try {
      exchange.response = await exchange.#guard(() => exchange.#fetch(request));
    } catch (error) {
      exchange.end();
      throw error;
    }
    exchange.#expectSomething();
    return exchange;
  }

  constructor(url, { body, waitSeconds = 0, signal }) {
    this.url = url;
    this.#signal = signal;
    // How long an upload takes is not known, and it is over when the server answers.
    this.#seconds = SILENCE_SECONDS + waitSeconds;
    if (!body) this.#expectSomething();
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Yield the pieces of the body; the connection is closed when the caller stops early. */
  async *chunks() {
    const reader = this.response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await this.#guard(() => reader.read());
        if (done) return;
        this.#expectSomething();
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** Return the whole body. */
  async blob() {
    const chunks = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return new Blob(chunks, { type: this.response.headers.get("Content-Type") ?? "" });
  }

  /** Expect nothing more. */
  end() {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #abort = () => this.#controller.abort(this.#signal.reason);

  #fetch({ method = "GET", headers, body, onProgress }) {
    const init = { method, headers, body, signal: this.#controller.signal };
    return onProgress && canReportProgress()
      ? sendWithProgress(this.url, init, onProgress)
      : fetch(this.url, init);
  }

  #expectSomething() {
    clearTimeout(this.#timer);
    const late = new DOMException(`Nothing came for ${this.#seconds} s.`, "TimeoutError");
    this.#timer = setTimeout(() => this.#controller.abort(late), this.#seconds * 1000);
  }

  async #guard(action) {
    this.#signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof ImagemillError) throw error;
      const reason = error.cause?.message || error.cause?.code || error.message;
      throw new ConnectionFailed(`There is no connection to ${this.url}: ${reason}`, {
        cause: error,
      });
    }
  }
}
