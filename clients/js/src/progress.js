/** Uploads that report their progress, which `fetch` cannot: by XMLHttpRequest, in browsers. */

export function canReportProgress() {
  return typeof XMLHttpRequest !== "undefined";
}

/** Like `fetch`; `onProgress` is called with the bytes that were sent, and all of them. */
export function sendWithProgress(url, { method, headers, body, signal }, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "blob";
    request.upload.onprogress = ({ loaded, total }) => onProgress({ loaded, total });
    request.onload = () => resolve(toResponse(request));
    request.onerror = () => reject(new TypeError("Failed to fetch"));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

function toResponse(request) {
  const lines = request.getAllResponseHeaders().trim().split(/\r\n/).filter(Boolean);
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(":")),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  return new Response(request.response, { status: request.status, headers });
}
