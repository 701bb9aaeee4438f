import { readJson } from "../api.js";

const MINUTE = 60000;
const MINUTES = 60;
// The newest jobs say how the last hour went; of a busy one, its end.
const PAGES = 5;
const PAGE_SIZE = 200;

/** The jobs that ended in the last hour: the newest of before the page was opened, and all since. */
export class EndedJobs {
  #jobs = new Map();
  /** Whether those of before the page was opened have been read. */
  isKnown = false;

  /** Note a job that an answer or an event tells of. */
  note({ id, status, completed_at: at, error }) {
    if (!at || !["COMPLETED", "FAILED"].includes(status)) return;
    this.#jobs.set(id, { at: Date.parse(at), code: status === "FAILED" ? error.code : null });
  }

  async read() {
    await this.#readPages();
    this.isKnown = true;
  }

  async #readPages() {
    let cursor = "";
    for (let page = 0; page < PAGES; page += 1) {
      const { jobs, next_cursor: next } = await readJson(
        `/jobs?status=COMPLETED&status=FAILED&limit=${PAGE_SIZE}${cursor}`,
      );
      for (const job of jobs) this.note(job);
      const oldest = jobs.at(-1);
      if (!next || Date.now() - Date.parse(oldest.created_at) > MINUTES * MINUTE) return;
      cursor = `&cursor=${next}`;
    }
  }

  /** Return how many completed and failed in each minute of the last hour, oldest first. */
  byMinute() {
    const now = Math.floor(Date.now() / MINUTE);
    const minutes = Array.from({ length: MINUTES }, () => ({ completed: 0, failed: 0 }));
    for (const [id, { at, code }] of this.#jobs) {
      const index = MINUTES - 1 - (now - Math.floor(at / MINUTE));
      if (index < 0) this.#jobs.delete(id);
      else if (index < MINUTES) minutes[index][code === null ? "completed" : "failed"] += 1;
    }
    return minutes;
  }

  /** Return pairs of an error code and how many failed with it, most first. */
  byCode() {
    const counts = new Map();
    for (const { code } of this.#jobs.values()) if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1);
    return [...counts].sort(([, one], [, other]) => other - one);
  }
}
