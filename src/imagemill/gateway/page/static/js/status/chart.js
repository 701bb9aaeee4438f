const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 140;
const MOST_BARS = 60;

function shape(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Draw a bar for each minute, the newest at the right: completed below, failed above. */
export function drawChart(minutes) {
  const shown = minutes.slice(-MOST_BARS);
  const most = Math.max(1, ...shown.map(({ completed, failed }) => completed + failed));
  const total = shown.reduce((sum, { completed, failed }) => sum + completed + failed, 0);
  const chart = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${total} jobs ended in ${shown.length} minutes, at most ${most} in one` });
  const step = WIDTH / MOST_BARS;
  shown.forEach(({ completed, failed }, index) => {
    const x = WIDTH - (shown.length - index) * step;
    const below = (HEIGHT - 2) * (completed / most);
    const above = (HEIGHT - 2) * (failed / most);
    chart.append(
      shape("rect", { class: "bar-completed", x, y: HEIGHT - below, width: step - 2, height: below }),
      shape("rect", { class: "bar-failed", x, y: HEIGHT - below - above, width: step - 2, height: above }),
    );
  });
  chart.append(shape("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }));
  return chart;
}
