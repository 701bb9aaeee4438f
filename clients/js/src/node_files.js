/** Files of Node.js. Bundlers for browsers leave this out: see package.json. */

import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Return the file as a File; since Node.js 19.8 it is read while it is sent. */
export async function openFile(pathOrUrl) {
  const path = pathOrUrl instanceof URL ? fileURLToPath(pathOrUrl) : pathOrUrl;
  await access(path, fs.constants.R_OK); // its error names the file, those of openAsBlob do not
  const blob = fs.openAsBlob ? await fs.openAsBlob(path) : new Blob([await readFile(path)]);
  return Object.defineProperty(blob, "name", { value: basename(path) });
}

/** Write the chunks to a file that gets its name once it is complete and `verify` has returned. */
export async function writeFile(pathOrUrl, chunks, verify) {
  const path = pathOrUrl instanceof URL ? fileURLToPath(pathOrUrl) : pathOrUrl;
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.imagemill-${randomUUID()}.part`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(chunks);
    } finally {
      await file.close();
    }
    await verify();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export { createHash, webcrypto } from "node:crypto";
