/** Fields of a model, and types that lead to the models they name. */

import { h } from "../dom.js";
import { inline, prose } from "./prose.js";
import { bounds, exampleOf, resolve, typeParts } from "./schema.js";

/** The id of the element that shows a model. */
const anchorOf = (model) => `schema.${model}`;

/** The type of a schema; models are links. */
export function type(schema) {
  return h("code", { class: "type" }, typeParts(schema).map(({ text, model }) => (model ? h("a", { href: `#${anchorOf(model)}` }, text) : text)));
}

/** Type, bounds and default of a value, in one line. */
export function about(t, document, schema, { required = false } = {}) {
  const limits = bounds(document, schema).map(({ kind, text }) => h("span", {}, t(`reference.bound_${kind}`), " ", h("code", {}, text)));
  const usual = resolve(document, schema).default;
  return h("span", { class: "about" },
    type(schema),
    required ? h("strong", { class: "required" }, t("reference.required")) : null,
    limits,
    usual === undefined || usual === null || usual === "" ? null : h("span", {}, t("reference.default"), " ", h("code", {}, JSON.stringify(usual))),
  );
}

/** All fields of a model, or its values when it is a choice of words. */
export function fieldList(t, document, schema) {
  const model = resolve(document, schema);
  const required = new Set(model.required);
  const fields = Object.entries(model.properties ?? {});
  if (!fields.length) return h("p", {}, type(model));
  return h("dl", { class: "fields" }, fields.map(([name, field]) => h("div", {},
    h("dt", {}, h("code", { class: "name" }, name)),
    h("dd", {},
      about(t, document, field, { required: required.has(name) }),
      field.description ? h("span", { class: "meaning" }, inline(field.description)) : null,
      shortExample(t, document, field),
    ),
  )));
}

/** Every model of a document, folded, by name. */
export function modelSection(t, document) {
  const models = Object.entries(document.components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  return h("section", { id: "schemas", class: "group" },
    h("h2", {}, t("reference.schemas")),
    models.map(([name, model]) => folded({ id: anchorOf(name), summary: h("code", { class: "name" }, name) }, () => [
      ...prose(model.description),
      fieldList(t, document, model),
      model.examples ? [h("h4", {}, t("reference.example")), json(model.examples[0])] : null,
    ])),
  );
}

/** A `details` whose content is made when it is first opened: there are a hundred of them. */
export function folded({ id = null, summary, look = "" }, make) {
  const element = h("details", { id, class: `folded ${look}`.trim() }, h("summary", {}, summary));
  element.addEventListener("toggle", () => element.append(h("div", { class: "inside" }, make())), { once: true });
  return element;
}

/** A JSON value as it is written. Wide ones scroll, also with the keyboard. */
export function json(value) {
  return h("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
}

const MAX_SHORT = 80; // characters

function shortExample(t, document, field) {
  const text = JSON.stringify(exampleOf(document, field));
  if (text === undefined || text.length > MAX_SHORT) return null;
  return h("span", { class: "short-example" }, t("reference.for_example"), " ", h("code", {}, text));
}
