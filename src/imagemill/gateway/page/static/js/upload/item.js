import { readPicture, retryJob } from "../api.js";
import { makeComparison } from "../compare.js";
import { nameOf, readOutput, save } from "../download.js";
import { badge, element } from "../element.js";
import { bytes, saved, size } from "../format.js";
import { address } from "../root.js";

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

  /** `file` is null for a job of before a reload. `onRetry(item)` sends a refused file again. */
  constructor({ file = null, job = null, onRetry }) {
    this.#file = file;
    this.#name = file?.name ?? job?.input.filename ?? job?.id ?? "";
    this.#onRetry = onRetry;
    this.#build();
    if (file) this.#preview.src = URL.createObjectURL(file);
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

  /** Show the job, or what an event says of it. */
  update(job) {
    // Answers and events come by several connections, so an earlier state may come last.
    if (this.job && new Date(job.updated_at) < new Date(this.job.updated_at)) return;
    const before = this.job?.status;
    this.job = { ...this.job, ...job };
    this.#note = "";
    this.#show();
    if (this.job.status === "COMPLETED" && before !== "COMPLETED") this.#showResult();
  }

  #build() {
    // Its place is kept while there is no picture, and if the browser cannot show it.
    this.#preview = element("img", { class: "preview", alt: "", width: 72, height: 72 });
    for (const name of ["load", "error"]) {
      this.#preview.addEventListener(name, () => this.#preview.classList.toggle("empty", name === "error"));
    }
    this.#parts.state = element("span");
    this.#parts.facts = element("p", { class: "facts" });
    this.#parts.bar = element("span");
    this.#parts.actions = element("div", { class: "row actions wide" });
    this.#parts.more = element("div", { class: "wide more" });
    this.#parts.root = element(
      "li",
      { class: "item card" },
      this.#preview,
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
    // Who is at one of the buttons stays there: the keyboard must not fall back to the page.
    const focused = actions.contains(document.activeElement) ? document.activeElement : null;
    actions.replaceChildren(...this.#makeActions(status));
    if (focused) {
      const same = [...actions.children].find((one) => one.textContent === focused.textContent);
      (same ?? actions.firstElementChild)?.focus();
    }
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

  async #showResult() {
    try {
      this.#preview.src = await readPicture(this.#pathOf(this.job.outputs[0]));
    } catch {
      // The job's page says why; here the preview stays as it was.
    }
  }

  #pathOf(output) {
    return `/jobs/${this.job.id}/outputs/${encodeURIComponent(output.name)}`;
  }

  async #toggleComparison() {
    if (this.#comparison) {
      this.#comparison = null;
      this.#parts.more.replaceChildren();
      this.#show();
      return;
    }
    try {
      const [output] = this.job.outputs;
      const before = this.#file ? URL.createObjectURL(this.#file) : await readPicture(`/jobs/${this.job.id}/input`);
      const after = await readPicture(this.#pathOf(output));
      this.#comparison = makeComparison({ before, after, width: output.width, height: output.height, name: this.#name });
      this.#parts.more.replaceChildren(this.#comparison);
      this.#show();
    } catch (error) {
      this.note(error.message);
    }
  }

  async #download() {
    try {
      for (const output of this.job.outputs) save(await readOutput(output), nameOf(this.job, output));
    } catch (error) {
      this.note(error.message);
    }
  }
}
