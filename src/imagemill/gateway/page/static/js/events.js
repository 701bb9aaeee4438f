import { request } from "./api.js";
import { keyGiven } from "./key.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10000;
// The service sends a comment every 15 seconds: without any, the connection is dead, though nobody
// closed it, as after a computer slept.
const LONGEST_SILENCE = 45000;

/**
 * Follow a stream of server-sent events until the signal aborts it. An EventSource sends no API
 * key, so the stream is read here, as HTML (9.2) has it: `onEvent(name, data)` for each event,
 * `onState(isConnected)` when a connection was made, or could not be. It is made again after growing
 * pauses, and continues at the last event. `onRefused(error)` when the service refuses it for good.
 */
export async function follow(path, { onEvent, onState = () => {}, onRefused = () => {}, signal }) {
  let last = null;
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await request(path, { headers, signal, cache: "no-store" });
      if (response.status === 204) return;
      onState(true);
      pause = FIRST_PAUSE;
      for await (const event of readEvents(response.body)) {
        last = event.id ?? last;
        onEvent(event.name, JSON.parse(event.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.isFinal) {
        onRefused(error);
        return;
      }
      if (error.status === 401) await keyGiven();
      else onState(false);
    }
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
}

/** Yield the events of a stream that have data. */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await readSoon(reader);
      if (done) return;
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event.data) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have failed already
  }
}

/** Read on; throws when nothing comes for too long. */
async function readSoon(reader) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The stream is silent.")), LONGEST_SILENCE);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

function parse(block) {
  const event = { id: null, name: "message", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === "id") event.id = value;
    if (field === "event") event.name = value;
    if (field === "data") event.data += (event.data ? "\n" : "") + value;
  }
  return event;
}
