import { cancelJob, deleteJob, readJson, retryJob } from "../api.js";
import { follow } from "../events.js";
import { showConnection } from "../shell.js";
import { readStatuses, showFilters } from "./filters.js";
import { Row } from "./row.js";

const PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 200;
const AT_ONCE = 6;
const ACTIONS = {
  retry: { send: retryJob, done: "retried", applies: ({ status }) => ["FAILED", "CANCELED"].includes(status) },
  cancel: { send: cancelJob, done: "canceled", applies: ({ status }) => ["PENDING", "PROCESSING"].includes(status) },
  delete: { send: deleteJob, done: "deleted", applies: () => true },
};

const $ = (id) => document.getElementById(id);
const rows = new Map();
let cursor = null;
let generation = 0;
let isReading = false;
let isActing = false;

/** Read the next page; the first one when `isAnew`. */
async function read({ isAnew = false } = {}) {
  if (isReading && !isAnew) return;
  if (isAnew) {
    generation += 1;
    cursor = null;
    // What was shown may not be what is asked for now, and that may fail to come.
    rows.clear();
    $("jobs").replaceChildren();
  }
  const own = generation;
  isReading = true;
  try {
    const query = new URLSearchParams(readStatuses().map((status) => ["status", status]));
    query.set("limit", PAGE_SIZE);
    if (cursor) query.set("cursor", cursor);
    const page = await readJson(`/jobs?${query}`);
    if (own !== generation) return;
    for (const job of page.jobs) append(job);
    cursor = page.next_cursor;
    $("more").hidden = cursor === null;
    say(rows.size ? "" : "There are no such jobs.");
  } catch (error) {
    if (own !== generation) return;
    say(error.message);
    $("more").hidden = false;
  } finally {
    if (own === generation) isReading = false;
    showChosen();
  }
}

/** Read the newest jobs again, whose changes may have been missed while there was no connection. */
async function catchUp() {
  try {
    for (const job of (await readJson(`/jobs?limit=${MAX_PAGE_SIZE}`)).jobs) rows.get(job.id)?.update(job);
    showChosen();
  } catch (error) {
    say(error.message);
  }
}

function append(job) {
  if (rows.has(job.id)) return;
  const row = new Row(job, showChosen);
  rows.set(job.id, row);
  $("jobs").append(row.element);
}

const chosen = () => [...rows.values()].filter((row) => row.isChosen);

function showChosen() {
  const jobs = chosen().map((row) => row.job);
  for (const button of document.querySelectorAll("[data-action]")) {
    const { applies } = ACTIONS[button.dataset.action];
    button.disabled = isActing || !jobs.some(applies);
  }
  $("all").checked = rows.size > 0 && jobs.length === rows.size;
  $("all").indeterminate = jobs.length > 0 && jobs.length < rows.size;
}

async function act(name) {
  const { send, done, applies } = ACTIONS[name];
  const left = chosen().filter((row) => applies(row.job));
  const count = left.length;
  if (name === "delete" && !confirm(`Delete ${count} ${count === 1 ? "job" : "jobs"} with their files?`)) return;
  isActing = true;
  showChosen();
  let failed = 0;
  let reason = "";
  const work = async () => {
    for (let row = left.pop(); row; row = left.pop()) {
      try {
        const response = await send(row.job.id);
        if (name === "delete") remove(row);
        else row.update(await response.json());
        row.box.checked = false;
      } catch (error) {
        const isGone = error.status === 404; // no event told of it
        if (isGone) remove(row);
        if (!isGone || name !== "delete") {
          failed += 1;
          reason = error.message;
        }
      }
      say(`${count - left.length} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  isActing = false;
  say(failed ? `${count - failed} of ${count} ${done}. ${reason}` : `${count} ${done}.`);
  showChosen();
}

function remove(row) {
  rows.delete(row.job.id);
  row.element.remove();
}

function say(sentence) {
  $("message").textContent = sentence;
}

showFilters($("filters"), () => read({ isAnew: true }));
$("all").addEventListener("change", () => {
  for (const row of rows.values()) row.box.checked = $("all").checked;
  showChosen();
});
for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => act(button.dataset.action));
}
$("more").addEventListener("click", () => read());
$("newest").addEventListener("click", () => {
  read({ isAnew: true });
  scrollTo(0, 0);
});
// The next page is read before the end of this one comes into sight.
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && cursor) read();
}, { rootMargin: "800px" }).observe($("more"));
follow("/events", {
  onEvent: (_, job) => {
    rows.get(job.id)?.update(job);
    showChosen();
  },
  onState: (isConnected) => {
    showConnection(isConnected);
    if (isConnected) catchUp();
  },
  onRefused: (error) => {
    showConnection(true);
    say(error.message);
  },
  signal: new AbortController().signal,
});
read({ isAnew: true });
