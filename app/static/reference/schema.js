/** JSON Schema, as far as our documents use it, read for people. Knows no DOM. */

/** What a local reference (`#/a/b`) leads to. */
export function target(document, reference) {
  return reference.split("/").slice(1).reduce((node, name) => node[name.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

export function nameOf(reference) {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

/** The schema without a reference in its place; words beside a reference stay. */
export function resolve(document, schema) {
  if (schema.$ref) {
    const { $ref: reference, ...words } = schema;
    return { ...resolve(document, target(document, reference)), ...words };
  }
  if (schema.allOf?.length === 1) {
    const { allOf: [only], ...words } = schema;
    return { ...resolve(document, only), ...words };
  }
  return schema;
}

/** The type as parts `{text, model}`: `model` names a schema of the document, which can be shown. */
export function typeParts(schema) {
  if (schema.$ref) return [{ text: nameOf(schema.$ref), model: nameOf(schema.$ref) }];
  if (schema.allOf?.length === 1) return typeParts(schema.allOf[0]);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.flatMap((choice, index) => [...(index ? [{ text: " | " }] : []), ...typeParts(choice)]);
  if (schema.const !== undefined) return [{ text: JSON.stringify(schema.const) }];
  if (schema.enum) return [{ text: schema.enum.map((value) => JSON.stringify(value)).join(" | ") }];
  if (schema.type === "array" && schema.items) return listOf(typeParts(schema.items));
  return [{ text: Array.isArray(schema.type) ? schema.type.join(" | ") : (schema.type ?? "any") }];
}

function listOf(parts) {
  const isChoice = parts.some(({ text }) => text.includes(" | "));
  return isChoice ? [{ text: "(" }, ...parts, { text: ")[]" }] : [...parts, { text: "[]" }];
}

/** The choices of a schema that may also be left out: all of them but null. */
function nonNull(document, schema) {
  const whole = resolve(document, schema);
  const choices = (whole.anyOf ?? [whole]).map((choice) => resolve(document, choice));
  return choices.filter((choice) => choice.type !== "null");
}

/** Bounds as `{kind, text}`: kind "value", "characters", "items" or "pattern". */
export function bounds(document, schema) {
  return nonNull(document, schema).flatMap((choice) => [
    ...range("value", choice.minimum, choice.maximum, choice.exclusiveMinimum),
    ...range("characters", choice.minLength, choice.maxLength),
    ...range("items", choice.minItems, choice.maxItems),
    ...(choice.pattern ? [{ kind: "pattern", text: choice.pattern }] : []),
  ]);
}

function range(kind, least, most, above) {
  const from = above !== undefined ? `> ${above}` : least !== undefined ? `≥ ${least}` : null;
  const to = most !== undefined ? `≤ ${most}` : null;
  if (from === null && to === null) return [];
  if (least !== undefined && least === most) return [{ kind, text: `= ${least}` }];
  return [{ kind, text: [from, to].filter(Boolean).join(", ") }];
}

/** The first example of a parameter or schema, or undefined. */
export function exampleOf(document, holder) {
  const schema = holder.schema ? resolve(document, holder.schema) : resolve(document, holder);
  return holder.examples?.[0] ?? holder.schema?.examples?.[0] ?? schema.examples?.[0];
}
