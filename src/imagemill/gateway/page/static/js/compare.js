import { element } from "./element.js";

const STOPS = [0, 50, 100];

/**
 * Two pictures, one over the other, with a slider between: by pointer, or by the range below with
 * the keyboard. A double click moves it to the left, the middle or the right, whichever third was
 * clicked.
 *
 * Both pictures are shown in the box of the result, `width` by `height`: of an input with other
 * proportions the middle.
 */
export function makeComparison({ before, after, width, height, name }) {
  const image = (source, alt) => element("img", { src: source, alt, draggable: "false" });
  const over = element("div", { class: "after" }, image(after, `${name}, the result`));
  const stage = element(
    "div",
    { class: "stage" },
    image(before, `${name}, the input`),
    over,
    element("span", { class: "handle" }),
    element("span", { class: "tag left" }, "Input"),
    element("span", { class: "tag right" }, "Result"),
  );
  stage.style.setProperty("--width", `${width}px`);
  stage.style.setProperty("--ratio", `${width} / ${height}`);
  const view = element("div", { class: "compare" }, stage);
  const range = element("input", { type: "range", class: "compare-range", min: 0, max: 100, step: 1, value: 50, "aria-label": `Compare ${name}: how much of the input is shown, in per cent` });
  const full = element("button", { type: "button", "aria-pressed": "false" }, "Pixels at 100 %");

  const moveTo = (position) => {
    range.value = position;
    stage.style.setProperty("--position", `${position}%`);
  };
  const positionOf = (event) => {
    const { left, width: across } = stage.getBoundingClientRect();
    return Math.min(100, Math.max(0, (100 * (event.clientX - left)) / across));
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    view.setPointerCapture(event.pointerId);
    moveTo(positionOf(event));
  });
  view.addEventListener("pointermove", (event) => {
    if (view.hasPointerCapture(event.pointerId)) moveTo(positionOf(event));
  });
  view.addEventListener("dblclick", (event) => moveTo(STOPS[Math.min(2, Math.floor(positionOf(event) / 33.4))]));
  range.addEventListener("input", () => moveTo(range.value));
  full.addEventListener("click", () => {
    const isFull = view.classList.toggle("full");
    full.setAttribute("aria-pressed", String(isFull));
  });
  moveTo(50);
  return element("div", {}, view, range, element("p", { class: "row" }, full));
}
