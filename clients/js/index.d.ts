/** Client of imagemill for browsers and Node.js. */

export type Status = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED" | "CANCELED";
export type Priority = "high" | "normal" | "low";

/** A job, or its id. */
export type JobRef = Job | string;

/** A job. Times are RFC 3339 in UTC, sizes bytes, lengths pixels. */
export interface Job {
  id: string;
  status: Status;
  input_path: string;
  output_path: string | null;
  input: JobInput;
  /** Missing in events. */
  pipeline?: Pipeline;
  /** Empty until the job is COMPLETED. */
  outputs: JobOutput[];
  analysis: Record<string, unknown> | null;
  error: JobError | null;
  priority: Priority;
  metadata: Record<string, unknown>;
  attempts: number;
  max_attempts: number;
  created_at: string;
  run_at: string;
  started_at: string | null;
  completed_at: string | null;
  updated_at: string;
}

export interface JobInput {
  filename: string | null;
  media_type: string;
  bytes: number;
  sha256: string;
  width: number | null;
  height: number | null;
  frames: number | null;
}

export interface JobOutput {
  name: string;
  path: string;
  media_type: string;
  bytes: number;
  width: number;
  height: number;
  frames: number;
  /** Relative to the address of the server. */
  url: string;
}

export interface JobError {
  code: string;
  detail: string;
}

/** One change of a job's status. */
export interface HistoryEvent {
  id: number;
  at: string;
  status: Status;
  attempt: number;
  worker: string | null;
  error: JobError | null;
}

/** What a job waits for, as a sentence and as facts. */
export interface Explanation {
  summary: string;
  place_in_line: number | null;
  holder: string | null;
  last_heartbeat: string | null;
  next_try_at: string | null;
  last_error: JobError | null;
}

/** One webhook of a job. */
export interface Delivery {
  n: number;
  event: string;
  url: string;
  webhook_id: string;
  status: string;
  tries: number;
  last_status_code: number | null;
  last_error: string | null;
  next_try_at: string | null;
  delivered_at: string | null;
}

export interface Link {
  url: string;
  expires_at: string;
}

export interface Capabilities {
  inputs: string[];
  outputs: string[];
  limits: {
    max_upload_bytes: number;
    max_pixels: number;
    max_frames: number;
    timeout_seconds: number;
  };
}

/** One picture to make of the input; docs/outputs.md describes every field. */
export interface Output {
  name?: string;
  auto_orient?: boolean;
  rotate?: number;
  flip?: boolean;
  flop?: boolean;
  crop?: { left: number; top: number; width: number; height: number };
  trim?: boolean | number;
  blur?: number;
  sharpen?: number;
  grayscale?: boolean;
  normalize?: boolean;
  modulate?: { brightness?: number; saturation?: number; hue?: number };
  tint?: string;
  gamma?: number;
  negate?: boolean;
  pad?: number | { top?: number; right?: number; bottom?: number; left?: number };
  watermark?: {
    text?: string;
    image?: string;
    position?: string;
    opacity?: number;
    scale?: number;
    margin?: number;
    color?: string;
  };
  width?: number;
  height?: number;
  fit?: "inside" | "cover" | "contain" | "fill" | "outside";
  position?: string | { x: number; y: number };
  enlarge?: boolean;
  format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "tiff" | "jxl";
  lossless?: boolean;
  palette?: boolean;
  quality?: number;
  effort?: number;
  max_bytes?: number;
  progressive?: boolean;
  background?: string;
  color_space?: "srgb" | "p3" | "keep";
  keep_gain_map?: boolean;
  keep_metadata?: "none" | "icc" | "copyright" | "all";
  frames?: "all" | "first";
}

export type Analysis =
  | "metadata"
  | "blurhash"
  | "thumbhash"
  | "dominant_color"
  | "palette"
  | "phash";

/** Several outputs of one input, and analyses of it. */
export interface Pipeline {
  outputs: Output[];
  analyze?: Analysis[];
}

/** What to make of a picture: the fields of one output, or `preset`, or `pipeline`. */
export interface UploadFields extends Output {
  preset?: string;
  pipeline?: Pipeline;
  priority?: Priority;
  callback_url?: string;
  metadata?: Record<string, unknown>;
}

/**
 * A Blob or File, bytes, a stream, or in Node.js the path or file URL of a file. A stream is read
 * to its end before it is sent, since it may have to be sent again.
 */
export type Source =
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | string
  | URL;

export interface Abortable {
  signal?: AbortSignal;
}

export interface UploadOptions extends Abortable {
  /** Unless given, that of the file. */
  filename?: string;
  /** Unless given, a new one for this upload, which its retries repeat. */
  idempotencyKey?: string;
  /** How many seconds the server may wait for the job to end before it answers, up to 55. */
  wait?: number;
  /** Called while the picture is sent, in browsers. */
  onProgress?: (progress: { loaded: number; total: number }) => void;
}

export interface OutputOptions extends Abortable {
  /** The name of the output; unless given, the first one. */
  output?: string;
}

/** A change of a job. */
export interface JobEvent {
  /** Continues the stream after this event, as `lastEventId`. */
  id: string;
  jobId: string;
  /** As it was after the change, without its pipeline; null once it was deleted. */
  job: Job | null;
}

export interface ClientOptions {
  /** Sent with every request. */
  apiKey?: string;
  /** How often a request is tried, 5 by default. */
  maxTries?: number;
}

/**
 * Client of an imagemill server.
 *
 * Requests that fail for a reason that may pass (a lost connection, 429, 502, 503, 504) are retried
 * with growing delays, or after the time that the server asks for. All methods throw ImagemillError:
 * ProblemError when the server refuses, ConnectionFailed when it cannot be reached.
 */
export class Client {
  /** Without an address: in a browser the page's own, else http://127.0.0.1:8000. */
  constructor(url?: string | URL, options?: ClientOptions);

  /** Upload a picture and return its job, which is durable from then on. */
  upload(source: Source, fields?: UploadFields, options?: UploadOptions): Promise<Job>;

  /** Return the job as it is now. */
  job(job: JobRef, options?: Abortable): Promise<Job>;

  /** Return the job once it has ended, COMPLETED or not. Throws WaitTimeout. */
  wait(job: JobRef, options?: Abortable & { timeoutSeconds?: number }): Promise<Job>;

  /** Yield all jobs, or those with one of the statuses, newest first, as far as they are used. */
  jobs(
    options?: Abortable & { status?: Status | Status[]; pageSize?: number },
  ): AsyncGenerator<Job, void>;

  /**
   * Yield each change of the job until it has ended, or of all jobs without end.
   *
   * A lost connection is made again and continues where it was. A job's first event is its present
   * state; of all jobs only what changes from now on is reported.
   */
  events(
    job?: JobRef | null,
    options?: Abortable & { lastEventId?: string },
  ): AsyncGenerator<JobEvent, void>;

  /** Return every change of the job's status, oldest first. */
  history(job: JobRef): Promise<HistoryEvent[]>;

  /** Return what the job waits for. */
  explain(job: JobRef): Promise<Explanation>;

  /**
   * Write an output to a file and verify its digest (Node.js). The file is there whole, or not at
   * all. Throws JobNotCompleted, DamagedDownload.
   */
  download(job: JobRef, path: string | URL, options?: OutputOptions): Promise<void>;

  /** Return an output, its digest verified. Throws JobNotCompleted, DamagedDownload. */
  readOutput(job: JobRef, options?: OutputOptions): Promise<Blob>;

  /** Return the uploaded picture. */
  readInput(job: JobRef, options?: Abortable): Promise<Blob>;

  /** Return a link to an output that needs no API key and works for so many seconds. */
  createLink(job: JobRef, options: { output?: string; expiresIn: number }): Promise<Link>;

  /** Cancel the job and return it. */
  cancel(job: JobRef): Promise<Job>;

  /** Queue the FAILED or CANCELED job again and return it. */
  retry(job: JobRef): Promise<Job>;

  /** Delete the job with its files, whatever its status. */
  delete(job: JobRef): Promise<void>;

  /** Return the job's webhooks, oldest first. */
  deliveries(job: JobRef): Promise<Delivery[]>;

  /** Send the job's webhook number `n` again and return its delivery. */
  redeliver(job: JobRef, n: number): Promise<Delivery>;

  /** Return the pipelines that the field `preset` of an upload can name. */
  presets(): Promise<Record<string, Pipeline>>;

  /** Return the formats and limits of the server. */
  capabilities(): Promise<Capabilities>;
}

/** Any error of this client. */
export class ImagemillError extends Error {
  /** How often the request was sent. */
  tries: number;
  /** How long the server asked to wait before the next request, if it did. */
  retryAfterSeconds?: number;
  /** Whether the same request may succeed later; the client has retried it already. */
  get isTransient(): boolean;
}

/** The server refused the request, with problem details (RFC 9457). */
export class ProblemError extends ImagemillError {
  status: number;
  /** The stable name of the problem, such as `upload-too-large`. */
  slug: string;
  detail: string;
  /** What is wrong with each field, by a JSON Pointer. */
  errors: { pointer: string; detail: string }[];
}

/** There was no connection, or it was lost before the whole response was there. */
export class ConnectionFailed extends ImagemillError {}
/** The bytes that arrived do not match the digest that the server announced. */
export class DamagedDownload extends ImagemillError {}
/** The address answers, but not as imagemill does. */
export class UnexpectedResponse extends ImagemillError {}
/** The message was not signed by the secret, is too old, or is none of imagemill's. */
export class InvalidWebhook extends ImagemillError {}

/** The job had not ended in time. */
export class WaitTimeout extends ImagemillError {
  job: Job;
}

/** The job has no outputs: it failed, was canceled or has not ended. */
export class JobNotCompleted extends ImagemillError {
  job: Job;
}

/** The end of a job. The same `id` may arrive twice: remember those that you have processed. */
export interface WebhookEvent {
  id: string;
  type: "job.completed" | "job.failed" | "job.canceled";
  timestamp: string;
  job: Job;
}

/**
 * Return the event, if the message was signed by the secret within the last five minutes.
 *
 * `body` has to be the bytes as they were received. `secret` is what `imagemill webhook-secret`
 * prints; several, separated by spaces, are accepted while it is rotated. Throws InvalidWebhook.
 */
export function verifyWebhook(
  body: string | ArrayBuffer | Uint8Array,
  headers: Headers | Record<string, string | string[] | undefined>,
  secret: string,
): Promise<WebhookEvent>;
