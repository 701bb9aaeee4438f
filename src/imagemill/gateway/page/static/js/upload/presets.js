import { readJson } from "../api.js";

/** What the form starts from: fields of an output. */
export const PRESETS = {
  web: { title: "For the web, 1600 px, WebP", output: { width: 1600, format: "webp" } },
  thumbnail: { title: "Thumbnail, 320 px", output: { width: 320, height: 320, fit: "inside" } },
  avatar: { title: "Avatar, 256 × 256, cropped", output: { width: 256, height: 256, fit: "cover", position: "attention", format: "webp" } },
  avif: { title: "Smallest file, AVIF", output: { width: 1600, format: "avif" } },
  clean: { title: "As it is, without metadata", output: {} },
};

/** Return the names of the presets that the operator of the service defined. */
export async function readServerPresets() {
  try {
    return Object.keys((await readJson("/presets")).presets);
  } catch {
    return []; // the form works without them
  }
}
