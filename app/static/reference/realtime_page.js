/** `/asyncapi`: the real-time protocol by its AsyncAPI document. */

import { h } from "../dom.js";
import { createConsole } from "./console_view.js";
import { fieldList, folded, json, modelSection } from "./fields.js";
import { runPage } from "./page.js";
import { inline, prose } from "./prose.js";
import { nameOf, target } from "./schema.js";

const COMMAND = "command.";

runPage({ name: "asyncapi", file: "asyncapi.json", build });

function build(context, document) {
  const { t } = context;
  const messages = Object.entries(document.components.messages);
  const commands = Object.fromEntries(messages.filter(([key]) => key.startsWith(COMMAND)).map(([key, message]) => [key.slice(COMMAND.length), message.examples[0].payload]));
  const socketConsole = createConsole(context, { commands, codes: document["x-close-codes"], exampleTask: document.channels.task_events.parameters.task_id.examples[0] });
  const channels = Object.entries(document.channels);
  const codes = [
    ["close_codes", document["x-close-codes"].map((code) => [code.code, code.meaning, code.do])],
    ["error_codes", document["x-error-codes"].map((code) => [code.code, code.meaning])],
    ["snapshot_reasons", document["x-snapshot-reasons"].map((code) => [code.reason, code.meaning])],
  ];
  const contents = [
    { text: t("reference.introduction"), id: "introduction" },
    { text: t("reference.access"), id: "access" },
    { text: t("reference.console"), id: "console" },
    ...channels.map(([name, channel]) => ({ text: channel.title, id: `channel.${name}` })),
    { text: t("reference.commands"), id: "commands" },
    ...messages.filter(([key]) => key.startsWith(COMMAND)).map(([key, message]) => ({ text: message.title, id: anchor(key), within: true })),
    { text: t("reference.messages"), id: "messages" },
    ...messages.filter(([key]) => !key.startsWith(COMMAND)).map(([key, message]) => ({ text: message.title, id: anchor(key), within: true })),
    ...codes.map(([name]) => ({ text: t(`reference.table_${name}`), id: name })),
    { text: t("reference.schemas"), id: "schemas" },
  ];
  const body = (accessCard) => [
    h("section", { id: "introduction", class: "introduction" }, h("h1", {}, document.info.title, " ", h("span", { class: "muted" }, document.info.version)), prose(document.info.description)),
    accessCard,
    socketConsole.element,
    channels.map(([name, channel]) => channelOf(t, document, name, channel)),
    h("section", { id: "commands", class: "group" }, h("h2", {}, t("reference.commands")), messages.filter(([key]) => key.startsWith(COMMAND)).map(([key, message]) => commandOf(t, document, key, message, socketConsole.choose))),
    h("section", { id: "messages", class: "group" }, h("h2", {}, t("reference.messages")), messages.filter(([key]) => !key.startsWith(COMMAND)).map(([key, message]) => messageOf(t, document, key, message, () => []))),
    codes.map(([name, rows]) => codeTable(t, name, rows)),
    modelSection(t, document),
  ];
  return { contents, body, dispose: socketConsole.dispose };
}

/** The id of the element that shows a message. */
const anchor = (key) => `message.${key}`;
const link = (key) => h("a", { href: `#${anchor(key)}` }, h("code", {}, key.replace(COMMAND, "")));
/** Messages are named by way of their channel, whose names are those of all messages. */
const keyOf = (reference) => nameOf(reference.$ref);

function channelOf(t, document, name, channel) {
  const operations = Object.entries(document.operations).filter(([, operation]) => nameOf(operation.channel.$ref) === name);
  const servers = channel.servers.map(({ $ref: reference }) => target(document, reference));
  const pushes = operations.filter(([, operation]) => operation.action === "send");
  const query = queryOf(channel, pushes);
  return h("section", { id: `channel.${name}`, class: "group" },
    h("h2", {}, channel.title),
    h("p", {}, servers.map(({ protocol }) => h("code", { class: "path" }, `${protocol}://${location.host}${channel.address}`))),
    h("p", {}, inline(channel.description)),
    h("p", { class: "muted small" }, servers.map(({ description }) => inline(description))),
    Object.keys(query).length ? [h("h3", {}, t("reference.in_query")), fieldList(t, document, { properties: query })] : null,
    name === "task_events" ? h("p", {}, h("a", { href: "docs#/monitor/follow_events" }, t("reference.try_stream"))) : null,
    pushes.length ? [h("h3", {}, t("reference.server_sends")), pushes.map(([, operation]) => h("div", { class: "push" },
      h("p", {}, inline(operation.summary)),
      h("p", { class: "links" }, operation.messages.map((message) => link(keyOf(message)))),
    ))] : null,
  );
}

/** What may stand behind the `?`: a binding of the channel, or of an operation on it. */
function queryOf(channel, operations) {
  const bindings = [channel.bindings, ...operations.map(([, operation]) => operation.bindings)].filter(Boolean);
  return Object.assign({}, ...bindings.flatMap((binding) => Object.values(binding)).map(({ query }) => query?.properties ?? {}));
}

function commandOf(t, document, key, message, choose) {
  const operation = Object.values(document.operations).find(({ action, messages }) => action === "receive" && keyOf(messages[0]) === key);
  return messageOf(t, document, key, message, () => [
    operation.reply ? h("p", { class: "links" }, t("reference.answered_with"), " ", operation.reply.messages.map((reply) => link(keyOf(reply)))) : null,
    h("button", { type: "button", class: "bordered small", on: { click: () => choose(message.name) } }, t("reference.to_console")),
  ]);
}

function messageOf(t, document, key, message, more) {
  const summary = [h("code", { class: "name" }, message.title), h("span", { class: "summary" }, inline(message.summary))];
  return folded({ id: anchor(key), summary, look: "card operation" }, () => [
    fieldList(t, document, message.payload),
    h("h4", {}, t("reference.example")),
    json(message.examples[0].payload),
    more(),
  ]);
}

function codeTable(t, name, rows) {
  return h("section", { id: name, class: "group" },
    h("h2", {}, t(`reference.table_${name}`)),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t(`reference.table_${name}`) },
      h("table", {}, h("tbody", {}, rows.map(([code, ...words]) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, code)), words.map((text) => h("td", {}, inline(text)))))))),
  );
}
