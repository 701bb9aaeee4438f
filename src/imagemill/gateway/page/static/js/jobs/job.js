import { cancelJob, deleteJob, readJson, request, retryJob } from "../api.js";
import { badge, element, facts, replaceKeepingFocus } from "../element.js";
import { follow } from "../events.js";
import { between, bytes, size, time } from "../format.js";
import { address } from "../root.js";
import { showConnection } from "../shell.js";
import { showOutputs } from "./outputs.js";

const $ = (id) => document.getElementById(id);
const id = location.pathname.split("/").pop();
const path = `/jobs/${encodeURIComponent(id)}`;
const PAUSE = 3000;
let reads = 0;
let following = new AbortController();
let shownDeliveries = "[]";
let nextLook = null;
let deliveriesError = "";

async function read() {
  reads += 1;
  const own = reads;
  try {
    const job = await readJson(path);
    const [history, explanation, deliveries] = await Promise.all(
      ["history", "explain", "deliveries"].map((part) => readJson(`${path}/${part}`)),
    );
    if (own !== reads) return; // a later one knows more
    showJob(job);
    showHistory(history.events);
    $("explanation").textContent = explanation.summary;
    showDeliveries(deliveries.deliveries);
    say("");
  } catch (error) {
    if (own !== reads) return;
    say(error.message);
    if (!error.isFinal) setTimeout(read, PAUSE);
  }
}

/** Read the job at each change, from now until it has ended. */
function followJob() {
  following.abort();
  following = new AbortController();
  follow(`${path}/events`, {
    onEvent: (name) => {
      if (name !== "deleted") return read();
      following.abort(); // or it would go on, and be told that there is no such job
      reads += 1; // and so would what is being read
      return say("The job was deleted.");
    },
    onState: showConnection,
    onRefused: (error) => {
      showConnection(true);
      say(error.message);
    },
    signal: following.signal,
  });
}

function showJob(job) {
  const name = job.input.filename ?? job.id;
  document.title = `${name} · imagemill`;
  $("title").replaceChildren(element("bdi", {}, name), " ", badge(job.status));
  replaceKeepingFocus($("actions"), makeActions(job));
  $("facts").replaceChildren(
    facts([
      ["Id", job.id],
      ["Input", [job.input.media_type.replace("image/", ""), bytes(job.input.bytes), size(job.input)].filter(Boolean).join(", ")],
      ["Frames", job.input.frames > 1 ? String(job.input.frames) : null],
      ["Attempts", `${job.attempts} of ${job.max_attempts}`],
      ["Error", job.error ? `${job.error.code}: ${job.error.detail}` : null],
      ["Created", time(job.created_at)],
      ["Took", job.completed_at ? between(job.created_at, job.completed_at) : null],
      ["Analysis", job.analysis ? element("pre", {}, JSON.stringify(job.analysis, null, 2)) : null],
    ]),
  );
  $("pipeline").textContent = JSON.stringify(job.pipeline, null, 2);
  $("metadata").textContent = JSON.stringify(job.metadata, null, 2);
  showOutputs($("outputs"), job);
}

function makeActions(job) {
  const button = (title, onClick) => element("button", { type: "button", click: onClick }, title);
  const act = (send) => async () => {
    try {
      await send(job.id);
      await read();
      followJob();
    } catch (error) {
      say(error.message);
    }
  };
  const remove = async () => {
    if (!confirm("Delete this job with its files?")) return;
    try {
      await deleteJob(job.id);
      location.assign(address("/page/jobs"));
    } catch (error) {
      say(error.message);
    }
  };
  const made = [];
  if (["FAILED", "CANCELED"].includes(job.status)) made.push(button("Retry", act(retryJob)));
  if (["PENDING", "PROCESSING"].includes(job.status)) made.push(button("Cancel", act(cancelJob)));
  return [...made, button("Delete", remove)];
}

function showHistory(events) {
  $("history").replaceChildren(
    ...events.map((event, index) => {
      const since = index ? ` · ${between(events[index - 1].at, event.at)} later` : "";
      const attempt = event.attempt ? ` · attempt ${event.attempt}` : "";
      return element(
        "li",
        { class: event.status.toLowerCase() },
        element("p", {}, badge(event.status), ` ${time(event.at)}${since}${attempt}`),
        event.error ? element("p", { class: "error" }, `${event.error.code}: ${event.error.detail}`) : null,
        event.worker ? element("p", { class: "muted" }, `worker ${event.worker}`) : null,
      );
    }),
  );
}

async function readDeliveries() {
  try {
    showDeliveries((await readJson(`${path}/deliveries`)).deliveries);
    if ($("message").textContent === deliveriesError) say("");
  } catch (error) {
    deliveriesError = error.message;
    say(deliveriesError);
    if (!error.isFinal) readDeliveriesLater();
  }
}

function readDeliveriesLater() {
  clearTimeout(nextLook);
  nextLook = setTimeout(readDeliveries, PAUSE);
}

function showDeliveries(deliveries) {
  // No event tells that a webhook was delivered.
  clearTimeout(nextLook);
  if (deliveries.some((one) => one.next_try_at)) readDeliveriesLater();
  const text = JSON.stringify(deliveries);
  if (text === shownDeliveries) return;
  shownDeliveries = text;
  const focused = document.activeElement.dataset.delivery;
  const rows = deliveries.map((delivery) => {
    const again = element("button", { type: "button", "data-delivery": delivery.n }, "Send again");
    again.addEventListener("click", async () => {
      try {
        await request(`${path}/deliveries/${delivery.n}/redeliver`, { method: "POST" });
        await readDeliveries();
      } catch (error) {
        say(error.message);
      }
    });
    return element(
      "tr",
      {},
      element("td", {}, delivery.event),
      element("td", {}, delivery.url),
      element("td", {}, delivery.status),
      element("td", {}, `${delivery.tries}`),
      element("td", {}, delivery.last_error ?? (delivery.last_status_code ? String(delivery.last_status_code) : "")),
      element("td", {}, again),
    );
  });
  const titles = ["Event", "To", "Status", "Tries", "Last answer", ""].map((title) => element("th", { scope: "col" }, title));
  $("deliveries").replaceChildren(
    element("h2", {}, "Webhooks"),
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...rows))),
  );
  if (focused) $("deliveries").querySelector(`[data-delivery="${focused}"]`)?.focus();
}

function say(sentence) {
  $("message").textContent = sentence;
}

await read();
followJob();
