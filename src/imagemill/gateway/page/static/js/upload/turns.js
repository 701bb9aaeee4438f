/** Run at most so many asynchronous tasks at once, in the order of their coming. */
export class Turns {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async run(task) {
    if (this.#free) this.#free -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
