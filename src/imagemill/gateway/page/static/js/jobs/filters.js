import { element } from "../element.js";

export const STATUSES = ["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELED"];

/** The statuses that the address asks for; none means all. */
export const readStatuses = () =>
  new URLSearchParams(location.search).getAll("status").filter((one) => STATUSES.includes(one));

/** Show a box for each status, and keep the address to what is checked. */
export function showFilters(form, onChange) {
  const boxes = STATUSES.map((status) =>
    element("input", { type: "checkbox", name: "status", value: status, id: `status-${status}` }),
  );
  const check = () => {
    const chosen = readStatuses();
    for (const box of boxes) box.checked = chosen.includes(box.value);
  };
  form.append(...boxes.map((box) => element("label", { for: box.id }, box, box.value)));
  form.addEventListener("change", () => {
    const query = new URLSearchParams(boxes.filter((box) => box.checked).map((box) => ["status", box.value]));
    history.pushState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    onChange();
  });
  window.addEventListener("popstate", () => {
    check();
    onChange();
  });
  check();
}
