/**
 * Make an element. Attributes that are functions are listeners, `true` stands for an attribute
 * without a value, `null`, `undefined` and `false` for none. Children are elements or texts; a text
 * is never read as HTML.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Replace the buttons and links of an element. Who is at one of them comes to the one with the same
 * text, or else to the first: the keyboard must not fall back to the page.
 */
export function replaceKeepingFocus(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  parent.replaceChildren(...children);
  if (focused) {
    const same = children.find((one) => one.textContent === focused.textContent);
    (same ?? children[0])?.focus();
  }
}

/** Make a list of facts of pairs of a name and a text or element; those without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element(
    "dl",
    { class: "facts" },
    ...known.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

/** Make the badge of a job's status. */
export const badge = (status) =>
  element("span", { class: `badge ${status.toLowerCase()}` }, status);
