/** Web Crypto, where there is any: in Node.js, and in pages from https or this machine. */

import { importNodeFiles } from "./files.js";

async function findCrypto() {
  return globalThis.crypto ?? (await importNodeFiles()).webcrypto;
}

export async function findSubtle() {
  return (await findCrypto())?.subtle;
}

/** Return 128 random bits in hexadecimal. */
export async function randomKey() {
  const bytes = (await findCrypto()).getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
