import { element } from "./element.js";

// For this tab and its session alone: nothing of it is on the disk when the browser is closed.
const NAME = "imagemill.key";
let asking = null;

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
export function askForKey(reason) {
  asking ??= show(reason).finally(() => {
    asking = null;
  });
  return asking;
}

function show(reason) {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", required: true });
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
      dialog.remove();
      document.dispatchEvent(new Event("key-changed"));
      resolve(isGiven);
    });
  });
}
