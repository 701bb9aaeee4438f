import { ApiError, AWAY, readJson, request } from "../api.js";
import { element, facts } from "../element.js";
import { follow } from "../events.js";
import { bytes, seconds } from "../format.js";
import { address } from "../root.js";
import { showConnection } from "../shell.js";
import { drawChart } from "./chart.js";
import { EndedJobs } from "./ended.js";
import { parseMetrics, read } from "./metrics.js";

const EVERY = 5000;
const $ = (id) => document.getElementById(id);
const ended = new EndedJobs();
let isEndedRead = false;

function tile(title, value, { kind = "", note = "" } = {}) {
  return element(
    "div",
    { class: `card tile ${kind}` },
    element("p", { class: "muted" }, title),
    element("p", { class: "value" }, value),
    element("p", { class: "muted" }, note),
  );
}

/** Read what the service says of its parts; it does so too when it is not ready. */
async function readHealth() {
  try {
    return await (await fetch(address("/readyz"), { cache: "no-store" })).json();
  } catch {
    throw new ApiError(0, { detail: AWAY });
  }
}

/** Show what `readPart` returns, or else that nothing is known: numbers of before would look true. */
async function showOr(nothing, readPart, show) {
  let answer = nothing;
  try {
    answer = await readPart();
  } finally {
    show(answer);
  }
}

function showHealth({ sandbox, reasons = {}, ...parts }) {
  const kindOf = (state, isGood) => (state ? (isGood ? "good" : "bad") : "");
  const names = { postgres: "PostgreSQL", redis: "Redis", storage: "Storage" };
  $("health").replaceChildren(
    ...Object.entries(names).map(([name, title]) => {
      const state = parts[name];
      return tile(title, state ?? "unknown", { kind: kindOf(state, state === "ok"), note: reasons[name] ?? "" });
    }),
    tile("Sandbox", sandbox?.split(":")[0] ?? "unknown", { kind: kindOf(sandbox, sandbox?.startsWith("full")), note: sandbox?.split(": ")[1] ?? "" }),
  );
}

const readMetrics = async () => parseMetrics(await (await request("/metrics")).text());

function showJobs(samples) {
  const count = (name, labels) => {
    const value = read(samples, name, labels);
    return value === null ? "unknown" : String(value);
  };
  const age = (name) => {
    const value = read(samples, name);
    return value ? `the oldest for ${seconds(value)}` : "";
  };
  const lost = read(samples, "imagemill_workers", { state: "lost" }) ?? 0;
  const free = read(samples, "imagemill_storage_free_bytes");
  $("jobs").replaceChildren(
    tile("Waiting", count("imagemill_jobs", { state: "due" }), { note: age("imagemill_oldest_due_job_age_seconds") }),
    tile("Waiting for another try", count("imagemill_jobs", { state: "delayed" })),
    tile("Processing", count("imagemill_jobs", { state: "processing" })),
    tile("Live workers", count("imagemill_workers", { state: "live" }), { kind: lost ? "bad" : "", note: lost ? `${lost} lost within the last hour` : "" }),
    tile("Webhooks that wait", count("imagemill_pending_webhooks"), { note: age("imagemill_oldest_due_webhook_age_seconds") }),
    tile("Storage free", free === null ? "unknown" : bytes(free)),
  );
}

const readWorkers = async () => (await readJson("/workers")).workers;

function showWorkers(workers) {
  if (workers === null) {
    $("workers").replaceChildren(element("p", {}, "Not known."));
    return;
  }
  if (!workers.length) {
    $("workers").replaceChildren(element("p", {}, "No worker runs: jobs wait until one does."));
    return;
  }
  const titles = ["Host", "Status", "Processes", "Works on", "Last seen", "Sandbox"];
  const link = (id) => element("div", {}, element("a", { href: address(`/page/jobs/${id}`) }, id));
  const rows = workers.map((worker) =>
    element(
      "tr",
      {},
      element("td", {}, worker.host),
      element("td", {}, worker.status),
      element("td", {}, String(worker.concurrency)),
      element("td", {}, ...(worker.jobs.length ? worker.jobs.map(link) : ["nothing"])),
      element("td", {}, `${seconds((Date.now() - Date.parse(worker.last_seen_at)) / 1000)} ago`),
      element("td", {}, worker.sandbox),
    ),
  );
  $("workers").replaceChildren(
    element("table", {}, element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))), element("tbody", {}, ...rows)),
  );
}

/** Read the jobs that ended before the page followed them, until that has succeeded. */
async function readEnded() {
  if (isEndedRead) return;
  await ended.read();
  isEndedRead = true;
}

function showEnded() {
  if (!ended.isKnown) {
    for (const id of ["chart", "failures"]) $(id).replaceChildren(element("p", {}, "Not known."));
    return;
  }
  const minutes = ended.byMinute();
  const sum = (name) => minutes.reduce((total, minute) => total + minute[name], 0);
  $("chart").replaceChildren(
    drawChart(minutes),
    element("p", { class: "row legend" }, element("span", { class: "completed" }, `${sum("completed")} completed`), element("span", { class: "failed" }, `${sum("failed")} failed`), element("span", { class: "muted end" }, "in the last hour, of at most the newest 1,000 and those since")),
  );
  const codes = ended.byCode();
  $("failures").replaceChildren(codes.length ? facts(codes.map(([code, count]) => [code, String(count)])) : element("p", {}, "None in the last hour."));
}

async function refresh() {
  const parts = await Promise.allSettled([
    showOr({}, readHealth, showHealth),
    showOr([], readMetrics, showJobs),
    showOr(null, readWorkers, showWorkers),
    readEnded(),
  ]);
  const failed = parts.find((part) => part.status === "rejected");
  say(failed ? failed.reason.message : `Read at ${new Date().toLocaleTimeString()}; again every 5 seconds.`);
  showEnded();
}

function say(sentence) {
  $("message").textContent = sentence;
}

async function refreshForever() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}

follow("/events", {
  onEvent: (name, job) => ended.note(job),
  onState: (isConnected) => {
    showConnection(isConnected);
    if (!isConnected) isEndedRead = false; // some may end unseen
  },
  onRefused: (error) => {
    showConnection(true);
    say(error.message);
  },
  signal: new AbortController().signal,
});
refreshForever();
