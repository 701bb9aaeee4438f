/** Bytes of an output, compared to the digest that the server announces (RFC 9530). */

import { findSubtle } from "./crypto.js";
import { DamagedDownload } from "./errors.js";
import { importNodeFiles } from "./files.js";

/** Return the body as a Blob; verified where there is Web Crypto. */
export async function readVerified(exchange) {
  const blob = await exchange.blob();
  const announced = announcedDigest(exchange.response);
  const subtle = await findSubtle();
  if (announced && subtle) {
    const digest = new Uint8Array(await subtle.digest("SHA-256", await blob.arrayBuffer()));
    if (btoa(String.fromCharCode(...digest)) !== announced) throw new DamagedDownload();
  }
  return blob;
}

/** Write the body to a file, piece by piece (Node.js). */
export async function saveVerified(exchange, path) {
  const { createHash, writeFile } = await importNodeFiles();
  const sha256 = createHash("sha256");
  async function* hashed() {
    for await (const chunk of exchange.chunks()) {
      sha256.update(chunk);
      yield chunk;
    }
  }
  await writeFile(path, hashed(), () => {
    const announced = announcedDigest(exchange.response);
    if (announced && sha256.digest("base64") !== announced) throw new DamagedDownload();
  });
}

function announcedDigest(response) {
  return /(?:^|,\s*)sha-256=:([A-Za-z0-9+/=]+):/.exec(response.headers.get("Repr-Digest") ?? "")?.[1];
}
