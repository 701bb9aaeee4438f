/** Client of imagemill for browsers and Node.js. `index.d.ts` describes all of it. */

export { Client } from "./client.js";
export {
  ConnectionFailed,
  DamagedDownload,
  ImagemillError,
  InvalidWebhook,
  JobNotCompleted,
  ProblemError,
  UnexpectedResponse,
  WaitTimeout,
} from "./errors.js";
export { verifyWebhook } from "./webhook.js";
