/** Files and Web Crypto of Node.js. A page has neither paths nor this module's import. */

/** Return the module, or throw where there is no Node.js. */
export async function importNodeFiles() {
  if (!globalThis.process?.versions?.node) {
    throw new TypeError("A browser has no paths: pass a Blob, or read the output as one.");
  }
  return import("./node_files.js");
}
