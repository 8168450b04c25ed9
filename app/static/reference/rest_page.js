/** `/docs`: the interface by its OpenAPI document. */

import { h } from "../dom.js";
import { fieldList, folded, json, modelSection } from "./fields.js";
import { runPage } from "./page.js";
import { inline, prose } from "./prose.js";
import { resolve } from "./schema.js";
import { createTrial } from "./trial.js";

const PROBLEM = "application/problem+json";

runPage({ name: "docs", file: "openapi.json", build });

function build(context, document) {
  const { t } = context;
  const ends = [];
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const groups = document.tags.map((tag) => ({ tag, members: operations.filter(({ operation }) => operation.tags[0] === tag.name) }));
  const contents = [
    { text: t("reference.introduction"), id: "introduction" },
    { text: t("reference.access"), id: "access" },
    ...groups.flatMap(({ tag, members }) => [
      { text: tag.name, id: `tag.${tag.name}` },
      ...members.map(({ operation }) => ({ text: operation.summary, id: operation.operationId, within: true })),
    ]),
    { text: t("reference.schemas"), id: "schemas" },
  ];
  const body = (accessCard) => [
    h("section", { id: "introduction", class: "introduction" }, h("h1", {}, document.info.title, " ", h("span", { class: "muted" }, document.info.version)), prose(document.info.description)),
    accessCard,
    groups.map(({ tag, members }) => h("section", { id: `tag.${tag.name}`, class: "group" },
      h("h2", {}, tag.name),
      h("p", { class: "muted" }, inline(tag.description)),
      members.map((member) => operationOf(context, document, member, ends)),
    )),
    modelSection(t, document),
  ];
  return { contents, body, dispose: () => ends.forEach((end) => end()) };
}

function operationOf(context, document, { path, method, operation }, ends) {
  const { t } = context;
  const summary = [h("span", { class: "method", data: { method } }, method.toUpperCase()), h("code", { class: "path" }, path), h("span", { class: "summary" }, inline(operation.summary))];
  return folded({ id: operation.operationId, summary, look: "card operation" }, () => {
    const trial = createTrial(context, document, { path, method, operation });
    ends.push(trial.dispose);
    return [
      prose(operation.description),
      h("p", { class: "muted small" }, operation.security ? t("reference.needs_token") : t("reference.open_to_all")),
      trial.element,
      h("h4", {}, t("reference.responses")),
      Object.entries(operation.responses).map(([status, response]) => responseOf(t, document, status, response)),
    ];
  });
}

function responseOf(t, document, status, response) {
  const summary = [h("span", { class: "status-code", data: { class: status[0] } }, status), h("span", {}, inline(response.description))];
  return folded({ summary, look: "response" }, () => [
    headersOf(t, response.headers),
    Object.entries(response.content ?? {}).map(([media, content]) => (media === PROBLEM ? problemOf(t, content) : contentOf(t, document, media, content))),
    response.content || response.headers ? null : h("p", { class: "muted" }, t("reference.no_body")),
  ]);
}

function headersOf(t, headers) {
  if (!headers) return null;
  return [h("h5", {}, t("reference.headers")), h("dl", { class: "fields" }, Object.entries(headers).map(([name, header]) =>
    h("div", {}, h("dt", {}, h("code", { class: "name" }, name)), h("dd", {}, inline(header.description)))))];
}

/** Each code with what people read, and one answer as it is sent. */
function problemOf(t, content) {
  const examples = Object.entries(content.examples);
  return [
    h("h5", {}, h("code", {}, PROBLEM)),
    h("dl", { class: "fields" }, examples.map(([code, { value }]) => h("div", {}, h("dt", {}, h("code", { class: "name" }, code)), h("dd", {}, value.detail)))),
    json(examples[0][1].value),
  ];
}

function contentOf(t, document, media, { schema = {}, example }) {
  const model = resolve(document, schema);
  const shown = example ?? model.examples?.[0];
  return [
    h("h5", {}, h("code", {}, media)),
    model.properties ? fieldList(t, document, schema) : null,
    shown === undefined ? null : json(shown),
  ];
}
