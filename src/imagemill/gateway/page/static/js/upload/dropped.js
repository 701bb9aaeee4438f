/**
 * Return the files that were dropped, those in folders included, and how many files and folders could
 * not be read.
 */
export async function readDropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return { files: [...transfer.files], unread: 0 };
  return readAll(entries);
}

async function readAll(entries) {
  const results = await Promise.allSettled(entries.map(readEntry));
  const read = results.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  return {
    files: read.flatMap(({ files }) => files),
    unread: read.reduce((sum, { unread }) => sum + unread, results.length - read.length),
  };
}

async function readEntry(entry) {
  if (entry.isFile) {
    return { files: [await new Promise((resolve, reject) => entry.file(resolve, reject))], unread: 0 };
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A folder is read in parts of a hundred.
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) break;
    found.push(...part);
  }
  return readAll(found);
}
