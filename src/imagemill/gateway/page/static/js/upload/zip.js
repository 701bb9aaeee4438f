// Stored, not compressed: pictures are already. Source: PKWARE's APPNOTE 6.3.10, 4.3.

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const UTF8_NAMES = 0x0800;
const VERSION = 20;
// 1980-01-01, the first date that the format knows.
const DATE = 0x0021;

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function record(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [length]) => sum + length, 0)));
  let at = 0;
  for (const [length, value] of fields) {
    if (length === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += length;
  }
  return new Uint8Array(view.buffer);
}

// Its fields have 16 and 32 bits.
export const MOST_FILES = 0xffff;
export const MOST_BYTES = 0xffffffff;

/**
 * Return a ZIP of the files, each a name and a Blob, as a Blob. With their names and some hundred
 * bytes for each they may have MOST_BYTES. Of the contents one at a time is held in memory.
 */
export async function makeZip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const encoded = new TextEncoder().encode(name);
    const facts = [[2, VERSION], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, encoded.length], [2, 0]];
    const head = record([4, 0x04034b50], ...facts);
    directory.push(record([4, 0x02014b50], [2, VERSION], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), encoded);
    parts.push(head, encoded, blob);
    offset += head.length + encoded.length + bytes.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/**
 * Return names of which no two are the same: the second `a.jpg` is `a-2.jpg`. Nor are any two where
 * case does not count, as on Windows and macOS.
 */
export function makeUnique(names) {
  const taken = new Set();
  const plain = (name) => name.normalize().toLowerCase();
  return names.map((name) => {
    const at = name.lastIndexOf(".");
    let unique = name;
    for (let count = 2; taken.has(plain(unique)); count += 1) unique = `${name.slice(0, at)}-${count}${name.slice(at)}`;
    taken.add(plain(unique));
    return unique;
  });
}
