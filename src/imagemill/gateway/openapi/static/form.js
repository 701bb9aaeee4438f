// A form in groups, in place of Swagger UI's, which fills in every field with a value that it makes up.
// Here a field is sent once it has a value, and its example is a placeholder.

import { describeType, findOptions } from "./field.js";

const FORM = "multipart/form-data";
const GROUPS = "x-field-groups";
// The picture and its size; the others can be opened.
const OPEN_GROUPS = 2;

/** Return a React component that replaces `Original` for forms. `h` is React's createElement. */
export function createForm(h, Original) {
  return function RequestBody(props) {
    return h(props.requestBody.hasIn(["content", FORM]) ? Form : Original, props);
  };

  /** `requestBody` and `requestBodyValue` are Immutable maps. */
  function Form({ requestBody, requestBodyValue, requestBodyErrors, isExecute, onChange, getComponent }) {
    const Markdown = getComponent("Markdown", true);
    const schema = requestBody.getIn(["content", FORM, "schema"]).toJS();
    // It is null before anything is typed, and the errors are then not those of a field.
    const read = (name, key) => requestBodyValue?.getIn?.([name, key]);
    const isRequired = (name) => schema.required?.includes(name) ?? false;
    const findErrors = (name) => read(name, "errors") ?? (isRequired(name) ? requestBodyErrors : null);
    const groups = schema[GROUPS] ?? [{ name: "Fields", fields: Object.keys(schema.properties) }];
    const createRow = (name) =>
      h(Row, {
        key: name,
        name,
        field: schema.properties[name],
        isRequired: isRequired(name),
        value: read(name, "value") ?? "",
        error: findErrors(name)?.join?.(", ") ?? "",
        isExecute,
        change: (value) => onChange(value, [name]),
        Markdown,
      });
    return h(
      "div",
      { className: "form" },
      h(Markdown, { source: requestBody.get("description") }),
      groups.map(({ name, fields }, at) =>
        h(
          "details",
          { key: name, open: at < OPEN_GROUPS },
          h("summary", null, name, h("span", null, fields.join(" · "))),
          fields.map(createRow),
        ),
      ),
    );
  }

  function Row({ name, field, isRequired, value, error, isExecute, change, Markdown }) {
    const id = `field-${name}`;
    return h(
      "div",
      { className: "form-row" },
      h("label", { htmlFor: id }, name, isRequired && h("b", null, " required")),
      isExecute ? h(Control, { id, field, isRequired, value, error, change }) : h("span"),
      h(
        "div",
        { id: `${id}-help`, className: "form-help" },
        error && h("strong", { role: "alert" }, `${error}.`),
        h(Markdown, { source: field.description }),
        h("small", null, describeType(field)),
      ),
    );
  }

  /** Its files cannot be set, but removed: "Reset" leaves no value. */
  function FileInput({ value, change, ...common }) {
    const ref = (input) => {
      if (input && !value) input.value = "";
    };
    const onChange = (event) => change(event.target.files[0] ?? "");
    return h("input", { ...common, type: "file", ref, onChange });
  }

  function Control({ id, field, isRequired, value, error, change }) {
    const common = { id, required: isRequired, "aria-describedby": `${id}-help` };
    if (field.format === "binary") {
      return h(FileInput, { ...common, value, change });
    }
    const onChange = (event) => change(event.target.value);
    const options = findOptions(field);
    if (options) {
      return h(
        "select",
        { ...common, value, onChange },
        ["", ...options].map((option) => h("option", { key: option, value: option }, option)),
      );
    }
    const placeholder = String(field.examples?.[0] ?? "");
    return h("input", { ...common, type: "text", value, placeholder, onChange });
  }
}
