// What of the OpenAPI document the page shows: a form alone where a route takes one, and samples that
// are read, not sent.

const FORM = "multipart/form-data";
// It names the bare image; a form names its file itself.
const BARE_IMAGE_HEADER = "X-Filename";

/** Return a copy of the document as the page shows it. */
export function simplify(document) {
  const copy = structuredClone(document);
  for (const methods of Object.values(copy.paths)) {
    for (const operation of Object.values(methods)) {
      showFormAlone(operation);
      for (const parameter of operation.parameters ?? []) showExample(parameter);
    }
  }
  return copy;
}

/**
 * Remove the other bodies of a route that takes a form, and their parameters. The form's example is
 * what "Reset" fills in: nothing.
 */
function showFormAlone(operation) {
  const form = operation.requestBody?.content[FORM];
  if (!form) return;
  const names = Object.keys(form.schema.properties);
  const example = Object.fromEntries(names.map((name) => [name, ""]));
  // Without its encoding: as text/plain Swagger UI would send JSON as "[object Object]".
  operation.requestBody.content = { [FORM]: { schema: form.schema, example } };
  operation.parameters = operation.parameters?.filter(
    (parameter) =>
      !(parameter.in === "query" && names.includes(parameter.name)) &&
      parameter.name !== BARE_IMAGE_HEADER,
  );
}

/** Write the example of an optional parameter into its description: Swagger UI would send it along. */
function showExample(parameter) {
  if (parameter.required || parameter.example === undefined) return;
  parameter.description += `, for example \`${parameter.example}\``;
  delete parameter.example;
}
