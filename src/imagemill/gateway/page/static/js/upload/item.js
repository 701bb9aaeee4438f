import { retryJob } from "../api.js";
import { makeComparison } from "../compare.js";
import { nameOf, readInput, readOutput, save } from "../download.js";
import { badge, element, replaceKeepingFocus } from "../element.js";
import { bytes, saved, size } from "../format.js";
import { address } from "../root.js";
import { Preview } from "./preview.js";

const ENDED = new Set(["COMPLETED", "FAILED", "CANCELED"]);

/** One picture of the list: its upload, its job and its result. */
export class Item {
  job = null;
  #file;
  #name;
  #error = null;
  #note = "";
  #share = 0;
  #onRetry;
  #preview;
  #parts = {};
  #comparison = null;
  #comparedUrls = [];
  #sending = new AbortController();

  /** `file` is null for a job of before a reload. `onRetry(item)` sends a refused file again. */
  constructor({ file = null, job = null, onRetry }) {
    this.#file = file;
    this.#name = file?.name ?? job?.input.filename ?? job?.id ?? "";
    this.#onRetry = onRetry;
    this.#build();
    if (file) this.#preview.show(async () => file);
    if (job) this.update(job);
    else this.#show();
  }

  get element() {
    return this.#parts.root;
  }

  get file() {
    return this.#file;
  }

  get name() {
    return this.#name;
  }

  /** Aborted when the upload is to stop. */
  get signal() {
    return this.#sending.signal;
  }

  get isUnsent() {
    return this.job === null && this.#error === null;
  }

  get hasEnded() {
    return this.#error !== null || (this.job !== null && ENDED.has(this.job.status));
  }

  /** Note how much of the file was sent, from 0 to 1. */
  progress(share) {
    this.#share = share;
    this.#note = "";
    this.#show();
  }

  /** Say what the upload waits for. */
  note(sentence) {
    this.#note = sentence;
    this.#show();
  }

  fail(error) {
    this.#error = error;
    this.#show();
  }

  restart() {
    this.#error = null;
    this.progress(0);
  }

  /** Stop the upload and let go of the pictures: the item is shown no more. */
  dispose() {
    this.#sending.abort();
    this.#preview.dispose();
    this.#closeComparison();
  }

  /** Show the job, or what an event says of it. */
  update(job) {
    // Answers and events come by several connections, so an earlier state may come last.
    if (this.job && new Date(job.updated_at) < new Date(this.job.updated_at)) return;
    const before = this.job?.status;
    this.job = { ...this.job, ...job };
    this.#error = null;
    this.#note = "";
    this.#show();
    if (this.job.status === "COMPLETED" && before !== "COMPLETED") {
      const [output] = this.job.outputs;
      this.#preview.show(() => readOutput(output));
    }
  }

  #build() {
    const picture = element("img", { class: "preview", alt: "", width: 72, height: 72 });
    this.#preview = new Preview(picture);
    this.#parts.state = element("span");
    this.#parts.facts = element("p", { class: "facts" });
    this.#parts.bar = element("span");
    this.#parts.actions = element("div", { class: "row actions wide" });
    this.#parts.more = element("div", { class: "wide more" });
    this.#parts.root = element(
      "li",
      { class: "item card" },
      picture,
      element("div", {}, element("p", { class: "name" }, this.#name), this.#parts.facts, element("span", { class: "bar", "aria-hidden": "true" }, this.#parts.bar)),
      element("div", { class: "row" }, this.#parts.state),
      this.#parts.actions,
      this.#parts.more,
    );
  }

  #show() {
    const { state, facts, bar, actions } = this.#parts;
    const status = this.#error ? "FAILED" : (this.job?.status ?? "UPLOADING");
    state.replaceChildren(badge(status));
    facts.replaceChildren(...this.#describe());
    facts.classList.toggle("error", status === "FAILED");
    bar.parentElement.classList.toggle("ended", this.hasEnded);
    bar.style.inlineSize = `${this.job ? 100 : Math.round(100 * this.#share)}%`;
    replaceKeepingFocus(actions, this.#makeActions(status));
  }

  #describe() {
    if (this.#error) return [this.#error.message];
    if (this.#note) return [this.#note];
    if (!this.job) return [`${Math.round(100 * this.#share)} % of ${bytes(this.#file.size)} sent`];
    if (this.job.status === "FAILED") return [this.job.error?.detail ?? "It failed."];
    if (this.job.status !== "COMPLETED") return [bytes(this.job.input.bytes)];
    const [output] = this.job.outputs;
    const before = this.job.input.bytes;
    return [`${bytes(before)} → ${bytes(output.bytes)}, ${saved(before, output.bytes)} · ${size(output)} · ${output.media_type.replace("image/", "")}`];
  }

  #makeActions(status) {
    const button = (title, onClick, attributes = {}) =>
      element("button", { type: "button", click: onClick, "aria-label": `${title}: ${this.#name}`, ...attributes }, title);
    const made = [];
    if (status === "COMPLETED") {
      const isShown = String(this.#comparison !== null);
      made.push(
        button("Compare", () => this.#toggleComparison(), { "aria-expanded": isShown }),
        button("Download", () => this.#download()),
      );
    }
    if (this.#error && this.#file) made.push(button("Try again", () => this.#onRetry(this)));
    else if (["FAILED", "CANCELED"].includes(status) && this.job) made.push(button("Retry", () => this.#retryJob()));
    if (this.job) made.push(element("a", { href: address(`/page/jobs/${this.job.id}`) }, "Details"));
    return made;
  }

  async #retryJob() {
    try {
      this.update(await (await retryJob(this.job.id)).json());
    } catch (error) {
      this.note(error.message);
    }
  }

  async #toggleComparison() {
    if (this.#comparison) {
      this.#closeComparison();
      this.#show();
      return;
    }
    try {
      const [output] = this.job.outputs;
      const blobs = [this.#file ?? (await readInput(this.job)), await readOutput(output)];
      const [before, after] = (this.#comparedUrls = blobs.map((blob) => URL.createObjectURL(blob)));
      this.#comparison = makeComparison({ before, after, width: output.width, height: output.height, name: this.#name });
      this.#parts.more.replaceChildren(this.#comparison);
      this.#show();
    } catch (error) {
      this.note(error.message);
    }
  }

  #closeComparison() {
    this.#comparison = null;
    this.#parts.more.replaceChildren();
    for (const url of this.#comparedUrls.splice(0)) URL.revokeObjectURL(url);
  }

  async #download() {
    try {
      for (const output of this.job.outputs) save(await readOutput(output), nameOf(this.job, output));
    } catch (error) {
      this.note(error.message);
    }
  }
}
