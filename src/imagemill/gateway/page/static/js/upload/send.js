import { ApiError, AWAY, askAgain } from "../api.js";
import { authorization } from "../key.js";
import { address } from "../root.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

/**
 * Upload a file and return its job; `onProgress` gets the share that was sent, `onWait` a sentence
 * while the service is away or busy. It is sent again until it is answered: the key makes sure that
 * it becomes one job. Throws ApiError when the service refuses it.
 */
export async function send(file, fields, { onProgress, onWait }) {
  const key = makeKey();
  let pause = FIRST_PAUSE;
  for (;;) {
    try {
      return await sendOnce(file, fields, key, onProgress);
    } catch (error) {
      if (error.status === 401 && (await askAgain(error))) continue;
      if (![0, 429, 503].includes(error.status)) throw error;
      onWait(`${error.message} It is sent again in a moment.`);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}

/** Only an XMLHttpRequest tells how much of a body was sent. */
function sendOnce(file, fields, key, onProgress) {
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
      else reject(new ApiError(request.status, body));
    });
    request.send(form);
  });
}

/** `crypto.randomUUID` is only there on HTTPS and localhost. */
function makeKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}
