/** What can be said of a job by itself. */

import { JobNotCompleted } from "./errors.js";

const ENDED = new Set(["COMPLETED", "FAILED", "CANCELED"]);
const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function hasEnded(job) {
  return ENDED.has(job.status);
}

/** Return the job itself if it is COMPLETED. */
export function requireCompleted(job) {
  if (job.status !== "COMPLETED") throw new JobNotCompleted(job);
  return job;
}

/** Return the id of a job, which is given by itself or by its id. */
export function toId(job) {
  const id = typeof job === "string" ? job : job?.id;
  if (!ID.test(id)) throw new TypeError(`${JSON.stringify(id)} is not the id of a job.`);
  return id;
}
