import { element } from "./element.js";
import { forgetKey, readKey } from "./key.js";
import { address } from "./root.js";

const PAGES = [
  ["upload", "Upload", "/"],
  ["jobs", "Jobs", "/page/jobs"],
  ["status", "Status", "/status"],
  ["docs", "API", "/docs"],
];

/** Show the header of all pages. */
function showHeader() {
  const current = document.body.dataset.page;
  const links = PAGES.map(([page, title, path]) =>
    element("a", { href: address(path), "aria-current": page === current ? "page" : null }, title),
  );
  const forget = element("button", { class: "plain end", type: "button", hidden: true }, "Forget the API key");
  forget.addEventListener("click", () => {
    forgetKey();
    location.reload();
  });
  const showKey = () => {
    forget.hidden = readKey() === null;
  };
  document.addEventListener("key-changed", showKey);
  showKey();
  document.getElementById("header").replaceChildren(
    element(
      "div",
      { class: "site" },
      element("strong", {}, element("img", { src: address("/page/icon.svg"), alt: "", width: 24, height: 24 }), "imagemill"),
      element("nav", { "aria-label": "Pages" }, ...links),
      forget,
    ),
    element("p", { class: "notice", id: "connection", role: "status", hidden: true }, "The connection is lost. It is made again by itself."),
  );
}

/** Say that the connection to the service is lost, or is there again. */
export function showConnection(isConnected) {
  document.getElementById("connection").hidden = isConnected;
}

showHeader();
