import { ApiError, AWAY, askAgain } from "../api.js";
import { authorization, readKey } from "../key.js";
import { address } from "../root.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

// No answer, too many requests, and what the service or a proxy before it says while it restarts.
const PASSING = new Set([0, 429, 502, 503, 504]);

/**
 * Upload a file and return its job; `onProgress` gets the share that was sent, `onWait` a sentence
 * while the service is away or busy. It is sent again until it is answered: the key makes sure that
 * it becomes one job. Throws ApiError when the service refuses it or the file cannot be read, and
 * the signal's reason when that is aborted.
 */
export async function send(file, fields, { onProgress, onWait, signal }) {
  const key = makeKey();
  let pause = FIRST_PAUSE;
  for (;;) {
    signal.throwIfAborted();
    const usedKey = readKey();
    try {
      return await sendOnce(file, fields, key, { onProgress, signal });
    } catch (error) {
      if (error.status === 401 && (await askAgain(error, usedKey))) continue;
      if (!PASSING.has(error.status)) throw error;
      await requireReadable(file);
      onWait(`${error.message} It is sent again in a moment.`);
      await waitFor(Math.max(pause, error.retryAfter ?? 0), signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}

/** Throw ApiError for a file that was changed or deleted: its upload ends without an answer too. */
async function requireReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new ApiError(null, { detail: "The file cannot be read: it was changed, moved or deleted." });
  }
}

function waitFor(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Only an XMLHttpRequest tells how much of a body was sent. */
function sendOnce(file, fields, key, { onProgress, signal }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address("/upload"));
    request.setRequestHeader("Idempotency-Key", key);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("error", () => reject(new ApiError(0, { detail: AWAY })));
    request.addEventListener("load", () => {
      const body = request.response ?? {};
      if (request.status === 202 || request.status === 200) resolve(body);
      else reject(Object.assign(new ApiError(request.status, body), { retryAfter: readRetryAfter(request) }));
    });
    signal.addEventListener("abort", () => {
      request.abort();
      reject(signal.reason);
    });
    request.send(form);
  });
}

/** Return the milliseconds that the answer asks to wait; 0 where it says nothing, or a date. */
const readRetryAfter = (request) => 1000 * (Number(request.getResponseHeader("Retry-After")) || 0);

/** `crypto.randomUUID` is only there on HTTPS and localhost. */
function makeKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}
