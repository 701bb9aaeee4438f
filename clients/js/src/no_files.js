/** In place of node_files.js, in browsers. */

function refuse() {
  throw new TypeError("A browser has no paths: pass a Blob, or read the output as one.");
}

export const openFile = refuse;
export const writeFile = refuse;
