// The jobs of this tab, so that a reload shows them again.
const NAME = "imagemill.jobs";
const MOST = 200;

export const readIds = () => JSON.parse(sessionStorage.getItem(NAME) ?? "[]");

export function remember(id) {
  sessionStorage.setItem(NAME, JSON.stringify([...readIds(), id].slice(-MOST)));
}

export function forgetIds() {
  sessionStorage.removeItem(NAME);
}
