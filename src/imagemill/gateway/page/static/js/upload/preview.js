// Only previews on the screen, or near it, hold a picture: thousands of results would fill the memory.
const previews = new WeakMap();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) previews.get(target).setVisible(isIntersecting);
  },
  { rootMargin: "50%" },
);

/** A small picture, read when it comes on the screen. Its place is kept while there is none. */
export class Preview {
  element;
  #read = null;
  #isVisible = false;

  constructor(element) {
    this.element = element;
    previews.set(element, this);
    observer.observe(element);
  }

  /** Show the picture that `read()` resolves to, a Blob. */
  show(read) {
    this.#read = read;
    if (this.#isVisible) this.#load();
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    if (!isVisible) this.element.removeAttribute("src");
    else if (this.#read) this.#load();
  }

  dispose() {
    observer.unobserve(this.element);
  }

  async #load() {
    const read = this.#read;
    let url;
    try {
      url = URL.createObjectURL(await read());
    } catch {
      return; // The job's page says why; here the preview stays as it was.
    }
    if (read === this.#read && this.#isVisible) {
      this.element.src = url;
      // One that the browser cannot show is no preview.
      const isShown = await this.element.decode().then(() => true, () => false);
      this.element.classList.toggle("empty", !isShown);
    }
    URL.revokeObjectURL(url);
  }
}
