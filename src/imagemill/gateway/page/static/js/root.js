/** The prefix of the service behind a proxy, without a slash at its end. */
export const root = document.querySelector("meta[name=root]").content;

/** Return the address of a path of the service. */
export const address = (path) => root + path;
