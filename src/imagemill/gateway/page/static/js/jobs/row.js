import { badge, element } from "../element.js";
import { bytes, saved, time } from "../format.js";
import { address } from "../root.js";

/** A row of the list. */
export class Row {
  job;
  box;
  element;

  constructor(job, onChoose) {
    this.job = job;
    this.box = element("input", { type: "checkbox", "aria-label": `Choose ${nameOf(job)}` });
    this.box.addEventListener("change", onChoose);
    this.element = element("tr");
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
    const { id, status, error, created_at: created } = this.job;
    this.element.replaceChildren(
      element("td", {}, this.box),
      element("td", {}, element("a", { href: address(`/page/jobs/${id}`) }, nameOf(this.job))),
      element("td", {}, badge(status), error && status === "FAILED" ? element("div", { class: "muted" }, error.detail) : ""),
      element("td", {}, describeSize(this.job)),
      element("td", {}, time(created)),
    );
  }
}

const nameOf = (job) => job.input.filename ?? job.id;

function describeSize({ input, outputs }) {
  if (!outputs.length) return bytes(input.bytes);
  const after = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return `${bytes(input.bytes)} → ${bytes(after)}, ${saved(input.bytes, after)}`;
}
