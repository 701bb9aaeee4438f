import { askForKey, authorization, forgetKey, readKey } from "./key.js";
import { address } from "./root.js";

// Refusals that a key or time can change.
const PASSING = new Set([401, 408, 429]);

/** An answer that is no success: what the service said (RFC 9457), or that there was no answer. */
export class ApiError extends Error {
  constructor(status, problem) {
    const fields = (problem.errors ?? []).map((one) => `${one.pointer}: ${one.detail}`);
    const sentence = problem.detail ?? problem.title ?? `The service answered ${status}.`;
    super([sentence, fields.join("; ")].filter(Boolean).join(" "));
    this.status = status;
    this.problem = problem;
  }

  /** Whether the same request would be refused again. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && !PASSING.has(this.status);
  }
}

export const AWAY = "The service does not answer.";

/** Read the problem of an answer, whose body may be something else. */
export async function toError(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy's page: the status has to do.
  }
  return new ApiError(response.status, problem);
}

/**
 * Send a request and return its response. Asks for the API key when one is needed. Throws ApiError;
 * its status is 0 when there was no answer.
 */
export async function request(path, options = {}) {
  for (;;) {
    const usedKey = readKey();
    let response;
    try {
      response = await fetch(address(path), {
        ...options,
        headers: { ...options.headers, ...authorization() },
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, { detail: AWAY });
    }
    if (response.ok) return response;
    const error = await toError(response);
    if (response.status !== 401 || !(await askAgain(error, usedKey))) throw error;
  }
}

/** Ask for another key than the one used, after an answer 401; resolves to whether there is one. */
export async function askAgain(error, usedKey) {
  // The answer to a long upload comes late: another key may have been given meanwhile.
  if (readKey() !== null && readKey() !== usedKey) return true;
  forgetKey();
  return askForKey(error.message);
}

export const readJson = async (path, options) => (await request(path, options)).json();

/** Fetch a picture with the key, and return an address that an <img> can show. */
export async function readPicture(path) {
  return URL.createObjectURL(await (await request(path)).blob());
}

/** Return the path of an address that the API gave, which has the prefix. */
export const pathOf = (url) => url.slice(address("").length);

export const cancelJob = (id) => request(`/jobs/${id}/cancel`, { method: "POST" });
export const retryJob = (id) => request(`/jobs/${id}/retry`, { method: "POST" });
export const deleteJob = (id) => request(`/jobs/${id}`, { method: "DELETE" });
