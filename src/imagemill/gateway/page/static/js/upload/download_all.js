import { nameOf, readOutput, save } from "../download.js";
import { MOST_BYTES, MOST_FILES, makeUnique, makeZip } from "./zip.js";

// For names and heads.
const RESERVE = 0.01 * MOST_BYTES;

/** Save the outputs of all these jobs as one ZIP; resolves to a sentence on what is not in it, or "". */
export async function downloadAll(jobs) {
  const outputs = jobs.flatMap((job) => job.outputs.map((output) => ({ job, output })));
  const total = outputs.reduce((sum, { output }) => sum + output.bytes, 0);
  if (total > MOST_BYTES - RESERVE || outputs.length > MOST_FILES) {
    return "That is too much for one ZIP, which holds 4 GiB and 65,535 files.";
  }
  const names = makeUnique(outputs.map(({ job, output }) => nameOf(job, output)));
  const files = [];
  const errors = [];
  for (const [index, { output }] of outputs.entries()) {
    try {
      files.push({ name: names[index], blob: await readOutput(output) });
    } catch (error) {
      errors.push(error);
    }
  }
  if (files.length) save(await makeZip(files), "imagemill.zip");
  return errors.length ? `${errors.length} of ${outputs.length} could not be read. ${errors[0].message}` : "";
}
