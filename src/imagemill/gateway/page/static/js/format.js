// Those of imagemill/formatting.py, so that pages and commands agree.
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];
const STEP = 1024;

/** Write a number of bytes as people do: 810 KiB. */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Write how much smaller or larger the second number of bytes is, in per cent. */
export function saved(before, after) {
  const share = Math.round(100 * (1 - after / before));
  return share >= 0 ? `${share} % smaller` : `${-share} % larger`;
}

/** Write a number of seconds: 0.4 s, 12 s, 3 min, 2 h, 5 d. */
export function seconds(count) {
  if (count < 10) return `${Math.max(0, count).toFixed(1)} s`;
  if (count < 120) return `${Math.round(count)} s`;
  if (count < 7200) return `${Math.round(count / 60)} min`;
  return count < 172800 ? `${Math.round(count / 3600)} h` : `${Math.round(count / 86400)} d`;
}

/** Write a time of the API in the reader's own zone and language. */
export const time = (text) => (text ? new Date(text).toLocaleString() : "");

export const between = (start, end) => seconds((new Date(end) - new Date(start)) / 1000);

export const size = ({ width, height }) => (width && height ? `${width} × ${height}` : "");
