// The headers of a route that takes a form, below the form: a person chooses the file first.

/** Return a React component around `Original`, Swagger UI's parameters with the form below them. */
export function createParameters(h, Fragment, Original) {
  return function Parameters(props) {
    const { parameters, operation } = props;
    if (!operation.has("requestBody") || !parameters.size) return h(Original, props);
    return h(
      Fragment,
      null,
      h("div", { className: "form-first" }, h(Original, { ...props, parameters: parameters.clear() })),
      h(
        "details",
        { className: "form-headers" },
        h("summary", null, "Headers", h("span", null, names(parameters))),
        h(Original, { ...props, operation: operation.delete("requestBody") }),
      ),
    );
  };
}

function names(parameters) {
  return parameters.map((parameter) => parameter.get("name")).join(" · ");
}
