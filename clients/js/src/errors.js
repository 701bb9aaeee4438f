/** Errors of the client. Each says in one sentence what is wrong. */

// The two in the middle come from a proxy whose server restarts.
export const TRANSIENT_STATUSES = new Set([429, 502, 504, 503]);

export class ImagemillError extends Error {
  /** How often the request was sent. */
  tries = 1;
  /** How long the server asked to wait before the next request, if it did. */
  retryAfterSeconds;

  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Whether the same request may succeed later; the client has retried it already. */
  get isTransient() {
    return false;
  }
}

/** There was no connection, or it was lost before the whole response was there. */
export class ConnectionFailed extends ImagemillError {
  get isTransient() {
    return true;
  }
}

/** The bytes that arrived do not match the digest that the server announced. */
export class DamagedDownload extends ImagemillError {
  constructor() {
    super("The downloaded bytes do not match the digest that the server sent.");
  }

  get isTransient() {
    return true;
  }
}

/** The address answers, but not as imagemill does. */
export class UnexpectedResponse extends ImagemillError {}

/** The message was not signed by the secret, is too old, or is none of imagemill's. */
export class InvalidWebhook extends ImagemillError {}

/** The job had not ended in time; `job` is the job as it was last seen. */
export class WaitTimeout extends ImagemillError {
  constructor(job, seconds) {
    super(`Job ${job.id} is ${job.status} after ${seconds} s.`);
    this.job = job;
  }
}

/** The job has no outputs: it failed, was canceled or has not ended. */
export class JobNotCompleted extends ImagemillError {
  constructor(job) {
    const reason = job.error ? `: ${job.error.code}: ${job.error.detail}` : ".";
    super(`Job ${job.id} is ${job.status}${reason}`);
    this.job = job;
  }
}

/** The server refused the request, with problem details (RFC 9457). */
export class ProblemError extends ImagemillError {
  constructor(status, slug, detail, errors = []) {
    super([detail, ...errors.map((one) => `  ${one.pointer}: ${one.detail}`)].join("\n"));
    this.status = status;
    this.slug = slug;
    this.detail = detail;
    this.errors = errors;
  }

  get isTransient() {
    return TRANSIENT_STATUSES.has(this.status);
  }
}
