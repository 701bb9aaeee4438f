/**
 * Read metrics in the text format of Prometheus: a list of samples, each with a name, labels and a
 * value. What is no sample is left out.
 */
export function parseMetrics(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const [, name, labels, value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name) samples.push({ name, labels: parseLabels(labels ?? ""), value: Number(value) });
  }
  return samples;
}

function parseLabels(text) {
  const found = {};
  for (const [, name, value] of text.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)) {
    found[name] = value.replace(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
  }
  return found;
}

/** Return the sum of a metric's samples that have these labels; null where there is none. */
export function read(samples, name, labels = {}) {
  const own = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  return own.length ? own.reduce((sum, one) => sum + one.value, 0) : null;
}
