// What the schema of a form's field says of its values.

/** Return the values to choose from, as a form sends them; undefined if any can be typed. */
export function findOptions(field) {
  return field.type === "boolean" ? ["true", "false"] : field.enum;
}

/** Return the type of a field and its bounds: "integer, 1 to 100". Nothing for texts and choices. */
export function describeType(field) {
  if (findOptions(field) || field.format === "binary") return "";
  if (field.contentMediaType === "application/json") return "JSON";
  const types = [field.type].flat().filter((type) => type !== "string");
  return [types.join(" or "), describeBounds(field)].filter(Boolean).join(", ");
}

function describeBounds({ minimum, maximum, maxLength }) {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `from ${minimum}`;
  return maxLength === undefined ? "" : `up to ${maxLength} characters`;
}
