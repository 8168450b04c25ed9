/** Parameters and body of an operation: what they mean, and fields to try them out. */

import { h, setText, show } from "../dom.js";
import { errorText } from "../errors.js";
import { confirmAction } from "./confirm.js";
import { createAnswer } from "./answer.js";
import { asCurl, buildRequest } from "./exchange.js";
import { about, fieldList } from "./fields.js";
import { inline } from "./prose.js";
import { exampleOf, options, withoutNull } from "./schema.js";

// What was filled in for a part of an address, so that one id need not be copied from operation to operation.
const remembered = new Map();

export function createTrial(context, document, { method, path, operation }) {
  const { t, access } = context;
  const fields = (operation.parameters ?? []).map((parameter) => createField(t, document, operation, parameter, isSecret(document, parameter)));
  const body = operation.requestBody ? createBody(t, document, operation) : null;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const curl = h("pre", { tabindex: "0", hidden: true });
  const answer = createAnswer(context, operation.operationId);
  const send = h("button", { type: "submit", class: "primary" }, t("reference.send"));
  const asCommand = h("button", { type: "button", class: "bordered", on: { click: showCurl } }, t("reference.as_curl"));

  function request(token) {
    const values = Object.fromEntries(fields.map(({ key, read }) => [key, read()]));
    const parameters = (operation.parameters ?? []).filter((parameter) => !isSecret(document, parameter));
    return buildRequest({ base: context.base, method, path, parameters, values, body: body?.read() ?? null, token });
  }

  function complain(text) {
    setText(problem, text);
    show(problem, Boolean(text));
  }

  function showCurl() {
    setText(curl, asCurl(request(operation.security ? "$TOKEN" : null)));
    show(curl, true);
  }

  async function submit(event) {
    event.preventDefault();
    const { missing } = request(null);
    if (missing.length) return complain(t("reference.missing", { names: missing.join(", ") }));
    complain("");
    if (method === "delete" && !(await confirmed())) return undefined;
    try {
      const token = operation.security ? await access.token() : null;
      if (operation.security && token === null) complain(t("reference.without_token"));
      await answer.run(request(token));
    } catch (error) {
      if (!(error instanceof TypeError) && !error.code) throw error; // fetch says TypeError, our own calls have a code
      complain(errorText(t, error.code ? error : { code: "network" }));
    }
    return undefined;
  }

  const confirmed = () => confirmAction(t, { question: t("reference.confirm"), more: `DELETE ${new URL(request(null).url).pathname}`, action: t("reference.send") });
  const element = h("form", { class: "trial", on: { submit }, novalidate: true },
    fields.length ? [h("h4", {}, t("reference.parameters")), h("div", { class: "parameters" }, fields.map((field) => field.element))] : null,
    body?.element,
    problem,
    h("div", { class: "buttons" }, send, asCommand),
    curl,
    answer.element,
  );
  return { element, dispose: answer.stop };
}

/** Whether it is a token or ticket in an address: never asked for, since the header has it. */
function isSecret(document, parameter) {
  const schemes = Object.values(document.components.securitySchemes);
  return schemes.some((scheme) => scheme.in === parameter.in && scheme.name === parameter.name);
}

function createField(t, document, operation, parameter, secret) {
  const key = `${parameter.in}.${parameter.name}`;
  const id = `${operation.operationId}.${key}`;
  const isShared = parameter.in === "path";
  const control = secret ? null : createControl(document, parameter, id);
  if (isShared) {
    control.value = remembered.get(parameter.name) ?? "";
    control.addEventListener("input", () => remembered.set(parameter.name, control.value));
    control.addEventListener("focus", () => (control.value ||= remembered.get(parameter.name) ?? ""));
  }
  const element = h("div", { class: "parameter" },
    h("div", {},
      h(control ? "label" : "span", { for: control ? id : null }, h("code", { class: "name" }, parameter.name), " ", h("span", { class: "muted small" }, t(`reference.in_${parameter.in}`))),
      about(t, document, withoutNull(parameter.schema), parameter),
      parameter.description ? h("span", { class: "meaning" }, inline(parameter.description)) : null,
    ),
    control ?? h("p", { class: "muted small" }, t("reference.in_the_header")),
  );
  return { key, element, read: () => control?.value ?? "" };
}

function createControl(document, parameter, id) {
  const choices = options(document, parameter.schema);
  if (choices) return h("select", { id }, ["", ...choices].map((value) => h("option", { value }, value)));
  const example = exampleOf(document, parameter);
  return h("input", { id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: example === undefined ? null : String(example) });
}

function createBody(t, document, operation) {
  const { schema } = operation.requestBody.content["application/json"];
  const example = JSON.stringify(exampleOf(document, { schema }), null, 2);
  const id = `${operation.operationId}.body`;
  const area = h("textarea", { id, rows: Math.min(16, example.split("\n").length + 1), spellcheck: "false", autocapitalize: "none" });
  area.value = example;
  const reset = h("button", { type: "button", class: "quiet small", on: { click: () => { area.value = example; } } }, t("reference.reset"));
  const element = h("div", { class: "body" },
    h("h4", {}, h("label", { for: id }, t("reference.body")), " ", h("code", { class: "muted small" }, "application/json")),
    area,
    reset,
    fieldList(t, document, schema),
  );
  return { element, read: () => area.value };
}
