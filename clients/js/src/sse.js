/** Parser of server-sent events (HTML standard, 9.2.6). */

// A carriage return at the end of a chunk may be the first half of a line's end.
const LINE_END = /\r\n|\n|\r(?!$)/;

/** Turns the chunks of one stream into events `{type, data, lastEventId}`. */
export class EventParser {
  retryMilliseconds;
  #decoder = new TextDecoder();
  #rest = "";
  #type = "";
  #data = [];

  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
  }

  /** Yield the events that are complete with this chunk of bytes. */
  *feed(chunk) {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split(LINE_END);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line) {
        this.#readField(line);
        continue;
      }
      const [type, data] = [this.#type || "message", this.#data];
      [this.#type, this.#data] = ["", []];
      if (data.length) yield { type, data: data.join("\n"), lastEventId: this.lastEventId };
    }
  }

  #readField(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.lastEventId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMilliseconds = Number(value);
  }
}
