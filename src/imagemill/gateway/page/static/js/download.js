import { pathOf, request } from "./api.js";

const SUFFIXES = { "image/jpeg": "jpg" };

/** Return the name to save an output under: that of the input, with the output's suffix. */
export function nameOf(job, output) {
  const stem = (job.input.filename ?? job.id).replace(/\.[^.]*$/, "") || job.id;
  const suffix = SUFFIXES[output.media_type] ?? output.media_type.replace("image/", "");
  const own = job.outputs.length > 1 ? `${stem}-${output.name}` : stem;
  return `${own.replace(/[/\\]/g, "_")}.${suffix}`;
}

export const readInput = async (job) => (await request(`/jobs/${job.id}/input`)).blob();
export const readOutput = async (output) => (await request(pathOf(output.url))).blob();

/** Let the browser save the bytes under this name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
