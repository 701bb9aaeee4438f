// A response that can be opened: a route has up to a dozen, most of them problems. What a GET returns is
// what it is for, and open from the start.

/** Return a React component around `Original`, a table's row. `h` is React's createElement. */
export function createResponse(h, Original) {
  return function Response(props) {
    const { code, method, response, getComponent } = props;
    const Markdown = getComponent("Markdown", true);
    return h(
      "tr",
      null,
      h(
        "td",
        { colSpan: 3 },
        h(
          "details",
          { className: "response-details", open: method === "get" && code === "200" },
          h("summary", null, h("b", null, code), h(Markdown, { source: response.get("description") })),
          h("table", null, h("tbody", null, h(Original, props))),
        ),
      ),
    );
  };
}
