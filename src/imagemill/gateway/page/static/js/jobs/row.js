import { badge, element } from "../element.js";
import { bytes, saved, time } from "../format.js";
import { address } from "../root.js";

/** A row of the list. */
export class Row {
  job;
  box;
  element;
  #status = element("td");
  #size = element("td");

  constructor(job, onChoose) {
    this.job = job;
    this.box = element("input", { type: "checkbox", "aria-label": `Choose ${nameOf(job)}` });
    this.box.addEventListener("change", onChoose);
    // What can have the focus is made once: a change must not take it from the keyboard.
    this.element = element(
      "tr",
      {},
      element("td", {}, this.box),
      element("td", {}, element("a", { href: address(`/page/jobs/${job.id}`) }, nameOf(job))),
      this.#status,
      this.#size,
      element("td", {}, time(job.created_at)),
    );
    this.update(job);
  }

  get isChosen() {
    return this.box.checked;
  }

  /** Show the job, or what an event says of it. */
  update(job) {
    // Answers and events come by several connections, so an earlier state may come last.
    if (new Date(job.updated_at) < new Date(this.job.updated_at)) return;
    this.job = { ...this.job, ...job };
    const { status, error } = this.job;
    this.#status.replaceChildren(badge(status));
    if (error && status === "FAILED") this.#status.append(element("div", { class: "muted" }, error.detail));
    this.#size.textContent = describeSize(this.job);
  }
}

const nameOf = (job) => job.input.filename ?? job.id;

function describeSize({ input, outputs }) {
  if (!outputs.length) return bytes(input.bytes);
  const after = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return `${bytes(input.bytes)} → ${bytes(after)}, ${saved(input.bytes, after)}`;
}
