import { element } from "./element.js";

// For this tab and its session alone: nothing of it is on the disk when the browser is closed.
const NAME = "imagemill.key";
let asking = null;
// What a page does by itself must not ask again after "Not now"; who does something may be asked.
let isDeclined = false;
const isAct = ({ type, target }) => type !== "click" || target.closest("button") !== null;
for (const type of ["click", "change", "drop", "paste"]) {
  document.addEventListener(type, (event) => {
    if (isAct(event)) isDeclined = false;
  });
}

export const readKey = () => sessionStorage.getItem(NAME);

export function forgetKey() {
  sessionStorage.removeItem(NAME);
}

/** Return the headers that a request needs. */
export function authorization() {
  const key = readKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Return once there is a key: another request may be given one later. */
export async function keyGiven() {
  while (readKey() === null) {
    await new Promise((resolve) => document.addEventListener("key-changed", resolve, { once: true }));
  }
}

/** Ask for the key, once for all who wait for it. Resolves to whether one was given. */
export async function askForKey(reason) {
  if (isDeclined) return false;
  asking ??= show(reason).finally(() => {
    asking = null;
  });
  return asking;
}

function show(reason) {
  const input = element("input", {
    type: "password",
    id: "key",
    autocomplete: "off",
    required: true,
    // No header can carry anything else, such as the curly quotes of a text editor.
    pattern: "\\s*[!-~]+\\s*",
    title: "A key has letters, digits and signs of ASCII, and no space.",
  });
  const dialog = element(
    "dialog",
    { "aria-labelledby": "key-title" },
    element(
      "form",
      { method: "dialog" },
      element("h2", { id: "key-title" }, "API key"),
      element("p", {}, reason),
      element("p", {}, element("label", { for: "key" }, "The key, from `imagemill keys add`"), input),
      element("p", { class: "muted" }, "It is kept until this tab is closed."),
      element(
        "p",
        { class: "row" },
        element("button", { class: "primary", value: "use" }, "Use this key"),
        element("button", { value: "", formnovalidate: true }, "Not now"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const isGiven = dialog.returnValue === "use" && input.value.trim() !== "";
      if (isGiven) sessionStorage.setItem(NAME, input.value.trim());
      isDeclined = !isGiven;
      dialog.remove();
      document.dispatchEvent(new Event("key-changed"));
      resolve(isGiven);
    });
  });
}
