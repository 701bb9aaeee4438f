import { pathOf, readPicture } from "../api.js";
import { makeComparison } from "../compare.js";
import { nameOf, readOutput, save } from "../download.js";
import { element } from "../element.js";
import { bytes, saved, size } from "../format.js";

let shown = "";

/** Show the results of a job, each over its input. They are read once, not at each change. */
export function showOutputs(place, job) {
  const paths = job.outputs.map((output) => output.path).join();
  if (paths === shown) return;
  shown = paths;
  const input = paths ? readPicture(`/jobs/${job.id}/input`) : null;
  const readAgain = () => {
    shown = "";
    showOutputs(place, job);
  };
  place.replaceChildren(...job.outputs.map((output) => makeOutput(job, output, input, readAgain)));
}

function makeOutput(job, output, input, readAgain) {
  const text = `${size(output)} · ${output.media_type.replace("image/", "")} · ${bytes(output.bytes)}, ${saved(job.input.bytes, output.bytes)}`;
  const error = element("span", { class: "error", role: "status" });
  const download = element("button", { type: "button" }, "Download");
  download.addEventListener("click", async () => {
    error.textContent = "";
    try {
      save(await readOutput(output), nameOf(job, output));
    } catch ({ message }) {
      error.textContent = message;
    }
  });
  const pictures = element("div");
  showPictures(pictures, output, input, readAgain);
  return element(
    "article",
    { class: "card output" },
    element("h2", {}, output.name),
    element("div", { class: "row between" }, element("span", {}, text), error, download),
    pictures,
  );
}

/** Show the result over the input, or what there is of them and why one is missing. */
async function showPictures(place, output, input, readAgain) {
  const [before, after] = await Promise.allSettled([input, readPicture(pathOf(output.url))]);
  const { width, height, name } = output;
  if (before.value && after.value) {
    place.append(makeComparison({ before: before.value, after: after.value, width, height, name }));
    return;
  }
  if (after.value) place.append(element("img", { class: "alone", src: after.value, alt: `${name}, the result`, width, height }));
  const { status, message } = after.reason ?? before.reason;
  if (status === 404) {
    place.append(element("p", { class: "muted" }, after.value ? "The input is gone." : "The files are gone."));
    return;
  }
  const again = element("button", { type: "button", click: readAgain }, "Try again");
  place.append(element("p", { class: "row" }, element("span", { class: "error" }, message), again));
}
