import { readJson } from "../api.js";
import { nameOf, readOutput, save } from "../download.js";
import { follow } from "../events.js";
import { bytes, saved } from "../format.js";
import { showConnection } from "../shell.js";
import { readDropped } from "./dropped.js";
import { PipelineForm } from "./form.js";
import { Item } from "./item.js";
import { forgetIds, readIds, remember } from "./remembered.js";
import { toCurl, toJson } from "./request_texts.js";
import { send } from "./send.js";
import { Turns } from "./turns.js";
import { makeUnique, makeZip } from "./zip.js";

const UPLOADS_AT_ONCE = 3;
const ENDED_MESSAGE = { COMPLETED: "is done", FAILED: "failed", CANCELED: "was canceled" };

const $ = (id) => document.getElementById(id);
const items = [];
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
      }),
    );
    remember(job.id);
    item.update(job);
    // Its end may have been told before its id was known here.
    item.update(await readJson(`/jobs/${job.id}`));
  } catch (error) {
    item.fail(error);
    announce(`${item.name} failed: ${error.message}`);
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
  for (const item of items.filter((one) => one.job && !one.hasEnded)) {
    try {
      item.update(await readJson(`/jobs/${item.job.id}`));
    } catch (error) {
      if (error.status === 404) item.fail(error);
    }
  }
  showTotals();
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

async function downloadAll() {
  $("zip").disabled = true;
  try {
    const outputs = completed().flatMap(({ job }) => job.outputs.map((output) => ({ job, output })));
    const names = makeUnique(outputs.map(({ job, output }) => nameOf(job, output)));
    const files = [];
    for (const [index, { output }] of outputs.entries()) {
      files.push({ name: names[index], bytes: new Uint8Array(await (await readOutput(output)).arrayBuffer()) });
    }
    save(makeZip(files), "imagemill.zip");
  } catch (error) {
    announce(error.message);
  }
  showTotals();
}

function clear() {
  items.length = 0;
  forgetIds();
  $("items").replaceChildren();
  showTotals();
  $("choose").focus();
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
    addFiles(await readDropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) addFiles([...event.clipboardData.files]);
  });
  $("zip").addEventListener("click", downloadAll);
  $("clear").addEventListener("click", clear);
  document.addEventListener("key-changed", showRequest);
}

async function restore() {
  for (const id of readIds()) {
    try {
      addItem({ job: await readJson(`/jobs/${id}`) });
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
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
  signal: new AbortController().signal,
});
restore().catch((error) => announce(error.message));
