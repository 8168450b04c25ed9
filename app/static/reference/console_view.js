/** The console: a connection, commands to send on it, and the frames that come. */

import { createScheduler, h, setText, show } from "../dom.js";
import { errorText } from "../errors.js";
import { Conversation } from "./conversation.js";

const OFFERED_TASKS = 20;

/** `commands`: examples by name. `codes`: `{code, meaning, do}` of the document. `exampleTask`: the id in the examples. */
export function createConsole({ t, language, base, access, announce }, { commands, codes, exampleTask }) {
  const drawing = createScheduler(draw);
  const talk = new Conversation({ open: (ticket) => openSocket(base, ticket, language), access, onChange: drawing.request });
  const meaningOf = new Map(codes.map((code) => [code.code, code]));
  const connect = h("button", { type: "button", class: "primary", on: { click: toggle } });
  const state = h("span", { class: "muted" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const task = h("input", { id: "console-task", list: "console-tasks", autocomplete: "off", spellcheck: "false", placeholder: exampleTask, on: { change: fill } });
  const tasks = h("datalist", { id: "console-tasks" });
  const command = h("select", { id: "console-command", on: { change: fill } }, Object.keys(commands).map((name) => h("option", { value: name }, name)));
  const area = h("textarea", { id: "console-text", rows: 7, spellcheck: "false", autocapitalize: "none" });
  const send = h("button", { type: "submit", class: "primary" }, t("reference.send"));
  const list = h("ol", { class: "frames", tabindex: "0", "aria-label": t("reference.frames") });
  const dropped = h("p", { class: "muted small", hidden: true });
  const element = h("section", { id: "console", class: "card console", "aria-labelledby": "console-title" },
    h("h2", { id: "console-title" }, t("reference.console")),
    h("p", { class: "muted small" }, t("reference.console_hint")),
    h("div", { class: "buttons" }, connect, state),
    problem,
    h("form", { on: { submit } },
      h("div", { class: "row" },
        h("div", {}, h("label", { for: "console-command" }, t("reference.command")), command),
        h("div", { class: "wide-field" }, h("label", { for: "console-task" }, t("reference.task")), task, tasks),
      ),
      h("label", { for: "console-text" }, t("reference.frame")), area,
      h("div", { class: "buttons" }, send, h("button", { type: "button", class: "bordered", on: { click: () => talk.clear() } }, t("reference.clear"))),
    ),
    dropped,
    list,
  );
  const shown = new Map(); // entry -> its element
  let phase = null;

  function fill() {
    const text = JSON.stringify(commands[command.value], null, 2);
    area.value = task.value.trim() ? text.replaceAll(exampleTask, task.value.trim()) : text;
  }

  /** Puts a command into the console, and goes there. */
  function choose(name) {
    command.value = name;
    fill();
    element.scrollIntoView();
    area.focus({ preventScroll: true });
  }

  async function toggle() {
    if (talk.phase !== "closed") return talk.disconnect();
    show(problem, false);
    try {
      await talk.connect();
      await offerTasks();
    } catch (error) {
      setText(problem, access.state.kind === "none" ? t("reference.without_token") : errorText(t, error));
      show(problem, true);
    }
    return undefined;
  }

  async function offerTasks() {
    const items = await access.tasks(OFFERED_TASKS);
    tasks.replaceChildren(...items.map(({ id, target_domain: domain, status }) => h("option", { value: id }, `${domain} · ${t(`status.${status}`)}`)));
  }

  async function submit(event) {
    event.preventDefault();
    await talk.send(area.value);
  }

  function draw() {
    if (talk.phase !== phase) {
      phase = talk.phase;
      setText(state, t(`reference.phase_${phase}`));
      setText(connect, t(phase === "closed" ? "reference.connect" : "reference.disconnect"));
      send.disabled = phase !== "open";
      announce(state.textContent);
    }
    setText(dropped, t("reference.dropped", { count: talk.dropped }));
    show(dropped, talk.dropped > 0);
    drawEntries();
  }

  function drawEntries() {
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const kept = new Set(talk.entries);
    for (const [entry, item] of shown) {
      if (kept.has(entry)) continue;
      item.remove();
      shown.delete(entry);
    }
    for (const entry of talk.entries) {
      if (shown.has(entry)) continue;
      const item = entry.kind === "closed" ? closeItem(entry) : frameItem(entry);
      shown.set(entry, item);
      list.append(item);
    }
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  function frameItem({ kind, at, type, text, isShortened }) {
    const details = h("details", {}, h("summary", {},
      h("span", { class: "direction", "aria-hidden": "true" }, kind === "sent" ? "↑" : "↓"),
      h("span", { class: "visually-hidden" }, t(`reference.frame_${kind}`)),
      h("time", {}, new Date(at).toISOString().slice(11, 23)), h("code", {}, type),
      h("code", { class: "line" }, text.replace(/\s+/g, " ").slice(0, 200)),
    ));
    details.addEventListener("toggle", () => details.append(h("pre", { tabindex: "0" }, text, isShortened ? `\n… ${t("reference.only_beginning")}` : "")), { once: true });
    return h("li", { data: { kind } }, details);
  }

  function closeItem({ at, code, reason }) {
    const known = meaningOf.get(code);
    return h("li", { data: { kind: "closed" } },
      h("time", {}, new Date(at).toISOString().slice(11, 23)), " ",
      h("strong", {}, t("reference.closed", { code: String(code) })), reason ? [" ", h("code", {}, reason)] : null, " ",
      known ? `${known.meaning} ${t("reference.do", { action: known.do })}` : t("reference.close_unknown"),
    );
  }

  fill();
  draw();
  return { element, choose, dispose: () => { drawing.cancel(); talk.onChange = () => {}; talk.disconnect(); } };
}

function openSocket(base, ticket, language) {
  const url = new URL("api/v1/monitor/ws", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  url.searchParams.set("lang", language);
  return new WebSocket(url);
}
