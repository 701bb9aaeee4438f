import { readJson } from "../api.js";
import { follow } from "../events.js";
import { bytes, saved } from "../format.js";
import { keyGiven } from "../key.js";
import { showConnection } from "../shell.js";
import { downloadAll } from "./download_all.js";
import { readDropped } from "./dropped.js";
import { PipelineForm } from "./form.js";
import { Item } from "./item.js";
import { forgetIds, readIds, remember } from "./remembered.js";
import { toCurl, toJson } from "./request_texts.js";
import { send } from "./send.js";
import { Turns } from "./turns.js";

const UPLOADS_AT_ONCE = 3;
// Milliseconds until a job is read again after an answer that passes.
const READ_AGAIN_PAUSE = 5000;
const BUSY = new Set([429, 503]);
const ENDED_MESSAGE = { COMPLETED: "is done", FAILED: "failed", CANCELED: "was canceled" };

const $ = (id) => document.getElementById(id);
const items = [];
const unread = new Set(readIds());
const turns = new Turns(UPLOADS_AT_ONCE);
const form = new PipelineForm($("pipeline"), showRequest);

function showRequest() {
  if (!form.isValid()) return;
  const fields = form.read();
  $("json").textContent = toJson(fields);
  $("curl").textContent = toCurl(fields);
}

function addItem(options) {
  const item = new Item({ ...options, onRetry: (one) => upload(one, form.read()) });
  items.push(item);
  $("items").prepend(item.element);
  showTotals();
  return item;
}

function addFiles(files) {
  if (!form.isValid()) $("options").open = true; // a field that is hidden cannot say what is wrong
  if (!form.isValid({ report: true })) return;
  const fields = form.read();
  for (const file of files) upload(addItem({ file }), fields);
}

async function upload(item, fields) {
  item.restart();
  try {
    const job = await turns.run(() =>
      send(item.file, fields, {
        onProgress: (share) => item.progress(share),
        onWait: (sentence) => item.note(sentence),
        signal: item.signal,
      }),
    );
    remember(job.id);
    item.update(job);
  } catch (error) {
    if (item.signal.aborted) return;
    item.fail(error);
    announce(`${item.name} failed: ${error.message}`);
  }
  showTotals();
  // The end of a job may have been told before its id was known here.
  if (item.job) await readAgain(item);
}

async function readAgain(item) {
  try {
    item.update(await readJson(`/jobs/${item.job.id}`));
  } catch (error) {
    if (error.status === 404) item.fail(error);
    // After any other error events tell how the job goes on, or the next connection.
    const isMissed = BUSY.has(error.status) && !item.hasEnded && !item.signal.aborted;
    if (isMissed) setTimeout(readAgain, READ_AGAIN_PAUSE, item);
  }
  showTotals();
}

function receive(name, job) {
  const item = items.find((one) => one.job?.id === job.id);
  if (!item || name !== "job") return;
  item.update(job);
  if (ENDED_MESSAGE[job.status]) announce(`${item.name} ${ENDED_MESSAGE[job.status]}.`);
  showTotals();
}

/** Read the jobs whose changes may have been missed while there was no connection. */
async function catchUp() {
  for (const item of items.filter((one) => one.job && !one.hasEnded)) await readAgain(item);
}

const completed = () => items.filter((item) => item.job?.status === "COMPLETED");

function showTotals() {
  const done = completed();
  const before = done.reduce((sum, { job }) => sum + job.input.bytes, 0);
  const after = done.flatMap(({ job }) => job.outputs).reduce((sum, output) => sum + output.bytes, 0);
  const failed = items.filter((item) => item.hasEnded).length - done.length;
  $("summary").hidden = items.length === 0;
  const parts = [`${done.length} of ${items.length} done`];
  if (failed) parts.push(`${failed} failed or canceled`);
  if (done.length) parts.push(`${bytes(before)} → ${bytes(after)}, ${saved(before, after)}`);
  $("totals").textContent = parts.join(" · ");
  $("zip").disabled = done.length === 0;
}

const areAllSent = () => !items.some((item) => item.isUnsent);

function clear() {
  if (!areAllSent() && !confirm("Some pictures are not sent yet. They will not be sent.")) return;
  for (const item of items.splice(0)) item.dispose();
  unread.clear();
  forgetIds();
  $("items").replaceChildren();
  say("");
  showTotals();
  $("choose").focus();
}

/** Show a sentence about the whole list. */
function say(sentence) {
  $("message").textContent = sentence;
}

function announce(sentence) {
  $("announcer").textContent = sentence;
}

function listen() {
  const drop = $("drop");
  $("choose").addEventListener("click", () => $("files").click());
  $("choose-folder").addEventListener("click", () => $("folder").click());
  for (const input of [$("files"), $("folder")]) {
    input.addEventListener("change", () => {
      addFiles([...input.files]);
      input.value = "";
    });
  }
  // The whole page takes what is dropped: a miss would replace the page by the picture.
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const { files, unread: count } = await readDropped(event.dataTransfer);
    say(count ? `${count} of what was dropped could not be read.` : "");
    addFiles(files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) addFiles([...event.clipboardData.files]);
  });
  $("zip").addEventListener("click", async () => {
    $("zip").disabled = true;
    say(await downloadAll(completed().map(({ job }) => job)));
    showTotals();
  });
  $("clear").addEventListener("click", clear);
  document.addEventListener("key-changed", showRequest);
  // A reload loses the files themselves.
  window.addEventListener("beforeunload", (event) => {
    if (!areAllSent()) event.preventDefault();
  });
}

/** Show the jobs of before a reload. Those that cannot be read now are read later. */
async function restore() {
  for (const id of unread) {
    try {
      addItem({ job: await readJson(`/jobs/${id}`) });
    } catch (error) {
      if (!error.isFinal) {
        say(`Earlier pictures cannot be shown yet. ${error.message}`);
        if (error.status === 401) keyGiven().then(restore);
        else setTimeout(restore, READ_AGAIN_PAUSE);
        return;
      }
    }
    unread.delete(id);
  }
  say("");
}

// On a phone the form would push the results out of sight.
if (matchMedia("(max-width: 36rem)").matches) $("options").open = false;
listen();
showRequest();
follow("/events", {
  onEvent: receive,
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
restore();
