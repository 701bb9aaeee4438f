import { readKey } from "../key.js";
import { address } from "../root.js";

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Write what is sent beside the file, as JSON that a person can read. */
export function toJson(fields) {
  const value = fields.pipeline ? JSON.parse(fields.pipeline) : fields;
  return JSON.stringify(value, null, 2);
}

/** Write the command that sends the same request from a shell. */
export function toCurl(fields) {
  const key = readKey() ? [`-H "Authorization: Bearer $IMAGEMILL_API_KEY"`] : [];
  // Not -F, for which a semicolon or an at sign in a text has a meaning.
  const parts = Object.entries(fields).map(([name, value]) => `--form-string ${quote(`${name}=${value}`)}`);
  return ["curl", ...key, "-F file=@cat.jpg", ...parts, quote(location.origin + address("/upload"))].join(" \\\n  ");
}
