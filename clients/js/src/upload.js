/** The form of an upload. */

import { importNodeFiles } from "./files.js";

/** Return the picture and the fields as a form, which can be sent more than once. */
export async function toForm(source, fields, filename) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) form.append(name, toFormValue(value));
  }
  const blob = await toBlob(source);
  form.append("file", blob, filename ?? blob.name ?? "upload");
  return form;
}

/** Return the value as a form field carries it: text as it is, all else as JSON. */
function toFormValue(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function toBlob(source) {
  if (source instanceof Blob) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return new Blob([source]);
  if (typeof source === "string" || source instanceof URL) {
    const { openFile } = await importNodeFiles();
    return openFile(source);
  }
  if (source?.[Symbol.asyncIterator] || source?.getReader) return collect(source);
  throw new TypeError("A picture is a Blob, bytes, a stream, or the path of a file.");
}

/** A stream can be read once only, and the upload may have to be repeated. */
async function collect(stream) {
  if (stream.getReader) return new Response(stream).blob();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Blob(chunks);
}
