/** Delays before a request is retried and between polls of a job, in seconds. */

const MAX_DELAY_SECONDS = 8;
// Whatever a server asks for: somebody may be waiting for the result.
const MAX_RETRY_AFTER_SECONDS = 60;
const MAX_POLL_DELAY_SECONDS = 1;

/** Return the delay after so many failed tries (from 1): 0.5, 1, 2, 4, 8 s, times 0.5 to 1.5. */
export function retryDelay(tries, retryAfterSeconds, draw = Math.random()) {
  if (retryAfterSeconds !== undefined) {
    return Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS);
  }
  return Math.min(MAX_DELAY_SECONDS, 2 ** (tries - 2)) * (0.5 + draw);
}

/** Return the delay before a job is polled again, after so many polls (from 0). */
export function pollDelay(polls) {
  return Math.min(MAX_POLL_DELAY_SECONDS, 0.03 * 2 ** polls);
}

/** Return the seconds that a Retry-After header asks for, as a number or a date. */
export function parseRetryAfter(header, now = Date.now()) {
  if (/^\s*\d+\s*$/.test(header ?? "")) return Number(header);
  const moment = Date.parse(header ?? "");
  return Number.isNaN(moment) ? undefined : Math.max(0, (moment - now) / 1000);
}

/** Return after so many seconds, or throw the reason of the signal. */
export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    function abort() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal?.addEventListener("abort", abort, { once: true });
  });
}
