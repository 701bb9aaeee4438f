import { element } from "../element.js";
import { PRESETS, readServerPresets } from "./presets.js";

const FITS = ["inside", "cover", "contain", "fill", "outside"];
const FORMATS = ["", "jpeg", "webp", "avif", "png", "gif", "tiff"];
const SERVER = "server:";

/** The form of a pipeline of one output. `read` returns the form fields of an upload. */
export class PipelineForm {
  #form;
  #inputs = {};
  #preset;

  constructor(form, onChange) {
    this.#form = form;
    this.#preset = element("select", { id: "preset" });
    this.#preset.append(
      ...Object.entries(PRESETS).map(([name, { title }]) => element("option", { value: name }, title)),
    );
    const add = (name, title, input) => {
      this.#inputs[name] = input;
      return element("label", {}, title, input);
    };
    const number = (attributes) => element("input", { type: "number", inputmode: "numeric", ...attributes });
    const choice = (values) => element("select", {}, ...values.map((value) => element("option", { value }, value || "as the input")));
    form.append(
      element("label", {}, "Start from", this.#preset),
      add("width", "Width, px", number({ min: 1, max: 16383, placeholder: "any" })),
      add("height", "Height, px", number({ min: 1, max: 16383, placeholder: "any" })),
      add("fit", "Fit", choice(FITS)),
      add("format", "Format", choice(FORMATS)),
      add("quality", "Quality, 1 to 100", number({ min: 1, max: 100, placeholder: "the format's" })),
      add("watermark", "Watermark", element("input", { maxlength: 200, placeholder: "none" })),
      add("max_bytes", "At most, KiB", number({ min: 1, placeholder: "any" })),
    );
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      if (event.target === this.#preset) this.#start();
      onChange();
    });
    this.#start();
    readServerPresets().then((names) => this.#offer(names));
  }

  /** Return the fields to send with each file. */
  read() {
    if (this.#preset.value.startsWith(SERVER)) return { preset: this.#preset.value.slice(SERVER.length) };
    return { pipeline: JSON.stringify({ outputs: [this.#readOutput()] }) };
  }

  /** Whether what was typed is within its bounds; says what is not, if asked to. */
  isValid({ report = false } = {}) {
    return report ? this.#form.reportValidity() : this.#form.checkValidity();
  }

  #readOutput() {
    const value = (name) => this.#inputs[name].value.trim();
    const output = {};
    for (const name of ["width", "height", "quality"]) if (value(name)) output[name] = Number(value(name));
    if ((output.width || output.height) && value("fit") !== "inside") output.fit = value("fit");
    const { position } = PRESETS[this.#preset.value].output;
    if (position && output.fit === "cover") output.position = position;
    if (value("format")) output.format = value("format");
    if (value("watermark")) output.watermark = { text: value("watermark") };
    if (value("max_bytes")) output.max_bytes = 1024 * Number(value("max_bytes"));
    return output;
  }

  #start() {
    const isServers = this.#preset.value.startsWith(SERVER);
    const output = PRESETS[this.#preset.value]?.output ?? {};
    for (const [name, input] of Object.entries(this.#inputs)) {
      input.disabled = isServers;
      input.value = output[name] ?? (name === "fit" ? "inside" : "");
    }
  }

  #offer(names) {
    if (!names.length) return;
    const options = names.map((name) => element("option", { value: SERVER + name }, name));
    this.#preset.append(element("optgroup", { label: "Presets of this service" }, ...options));
  }
}
