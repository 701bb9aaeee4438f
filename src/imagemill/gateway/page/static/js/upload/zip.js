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

/** Return a ZIP of the files, each a name and its bytes, as a Blob. */
export function makeZip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const encoded = new TextEncoder().encode(name);
    const facts = [[2, VERSION], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, encoded.length], [2, 0]];
    const head = record([4, 0x04034b50], ...facts);
    directory.push(record([4, 0x02014b50], [2, VERSION], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), encoded);
    parts.push(head, encoded, bytes);
    offset += head.length + encoded.length + bytes.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Return names of which no two are the same: the second `a.jpg` is `a-2.jpg`. */
export function makeUnique(names) {
  const taken = new Set();
  return names.map((name) => {
    const at = name.lastIndexOf(".");
    let unique = name;
    for (let count = 2; taken.has(unique); count += 1) unique = `${name.slice(0, at)}-${count}${name.slice(at)}`;
    taken.add(unique);
    return unique;
  });
}
