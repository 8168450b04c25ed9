/**
 * The log of a scan: a tail that grows, stops scrolling when the user scrolls up, and can be filtered by level.
 * Lines are numbered without holes, so a hole in the numbers is a gap, shown with a button that fills it.
 */

import { LOG_LEVELS } from "../contract.js";
import { h, icon, saveFile, setAttribute, setText, show } from "../dom.js";
import { errorText } from "../errors.js";
import { formatClock } from "../format.js";
import { MAX_LINES } from "../taskstate.js";

const AT_END_PX = 40; // so near to the end counts as being there
const EARLIER = 200; // lines fetched at once
const MAX_FETCH = 1_000; // the largest that the server gives

/** `getState()` gives the state that is shown; `onLines()` is called when lines were added to it. */
export function createLog(app, scope, { getState, onLines }) {
  const { t } = app;
  const hidden = new Set();
  let nodes = []; // {first, last, element} of what is in the list, in order
  let version = null;
  let stick = true;
  let seenUpTo = 0;

  const list = h("div", { class: "log-lines" });
  const earlier = h("button", { class: "quiet small", type: "button", hidden: true, on: { click: loadEarlier } }, t("log.earlier"));
  const capped = h("p", { class: "muted small", hidden: true }, t("log.capped", { count: MAX_LINES }));
  const empty = h("p", { class: "muted" }, t("log.empty"));
  const box = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": t("log.label"), tabindex: "0" }, earlier, capped, empty, list);
  const jump = h("button", { class: "primary small jump", type: "button", hidden: true, on: { click: jumpToEnd } });
  const filters = LOG_LEVELS.map((level) => createFilter(t, level, toggle));
  const download = h("button", { class: "quiet small", type: "button", on: { click: downloadAll } }, icon("download"), t("log.download"));
  const element = h("section", { class: "card log-card", "aria-labelledby": "log-title" },
    h("div", { class: "section-head" },
      h("h2", { id: "log-title" }, t("log.title")),
      h("div", { class: "filters", role: "group", "aria-label": t("log.filter") }, filters.map((filter) => filter.element)),
    ),
    h("div", { class: "log-frame" }, box, jump),
    h("div", { class: "log-foot" }, download),
  );
  box.addEventListener("scroll", () => {
    stick = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
    if (stick) markSeen();
    updateJump();
  });

  function update(state) {
    const changed = version !== `${state.run}:${state.logs_version}` || !continues(state.logs);
    version = `${state.run}:${state.logs_version}`;
    if (changed) rebuild(state.logs);
    else extend(state.logs);
    show(empty, state.logs.length === 0);
    const more = (state.logs[0]?.log_seq ?? 1) > (state.first_log_seq ?? 1);
    show(earlier, more && state.logs.length < MAX_LINES);
    show(capped, more && state.logs.length >= MAX_LINES);
    filters.forEach((filter) => filter.update(state.log_counts[filter.level] ?? 0));
    if (stick) scrollToEnd();
    updateJump();
  }

  /** Whether what is shown is a part of these lines, except for a beginning that fell out. */
  function continues(lines) {
    const last = nodes.at(-1)?.last ?? 0;
    return nodes.length > 0 && lines.length > 0 && lines[0].log_seq <= last + 1 && lines.at(-1).log_seq >= last;
  }

  function rebuild(lines) {
    nodes = makeNodes(lines, null);
    list.replaceChildren(...nodes.map((node) => node.element));
  }

  function extend(lines) {
    while (nodes.length && nodes[0].last < lines[0].log_seq) nodes.shift().element.remove();
    const last = nodes.at(-1)?.last ?? 0;
    let start = lines.length;
    while (start > 0 && lines[start - 1].log_seq > last) start -= 1;
    const added = makeNodes(lines.slice(start), last);
    list.append(...added.map((node) => node.element));
    nodes.push(...added);
  }

  /** `previous`: number of the line before; null when none is known. */
  function makeNodes(lines, previous) {
    const made = [];
    for (const line of lines) {
      const number = line.log_seq;
      if (previous !== null && number > previous + 1) made.push(gapNode(previous + 1, number - 1));
      made.push({ first: number, last: number, element: lineElement(t, line) });
      previous = number;
    }
    return made;
  }

  function gapNode(first, last) {
    const count = last - first + 1;
    const load = () => fetchLines(first - 1, Math.min(count, MAX_FETCH));
    const button = h("button", { class: "log-gap", type: "button", on: { click: load } }, t("log.gap", { count }));
    return { first, last, element: button };
  }

  async function fetchLines(after, limit) {
    try {
      const { items } = await app.api.logLines(scope, { after, limit });
      const state = getState();
      if (!state) return;
      state.addLines(items);
      onLines();
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
    }
  }

  async function loadEarlier() {
    const first = getState()?.logs[0]?.log_seq ?? 1;
    const after = Math.max(0, first - 1 - EARLIER);
    const height = box.scrollHeight;
    stick = false;
    await fetchLines(after, first - 1 - after);
    requestAnimationFrame(() => {
      box.scrollTop += box.scrollHeight - height; // what was in sight stays there
    });
  }

  async function downloadAll() {
    download.disabled = true;
    try {
      saveFile(await app.api.logFile(scope), `${getState()?.target_domain ?? "scan"}-${scope.taskId}.log`);
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
    } finally {
      download.disabled = false;
    }
  }

  function toggle(level, visible) {
    if (visible) hidden.delete(level);
    else hidden.add(level);
    setAttribute(list, "data-hide", [...hidden].join(" ") || null);
    if (stick) scrollToEnd();
  }

  function scrollToEnd() {
    box.scrollTop = box.scrollHeight;
    markSeen();
  }

  function jumpToEnd() {
    stick = true;
    scrollToEnd();
    updateJump();
    box.focus();
  }

  function markSeen() {
    seenUpTo = nodes.at(-1)?.last ?? 0;
  }

  function updateJump() {
    show(jump, !stick && nodes.length > 0);
    const count = (nodes.at(-1)?.last ?? 0) - seenUpTo;
    setText(jump, count > 0 ? t("log.newest_count", { count }) : t("log.newest"));
  }

  return { element, update };
}

function createFilter(t, level, onToggle) {
  const count = h("span", { class: "filter-count" });
  const button = h("button", { type: "button", class: "filter", "aria-pressed": "true", data: { level } }, t(`log.level.${level}`), count);
  button.addEventListener("click", () => {
    const visible = button.getAttribute("aria-pressed") !== "true";
    setAttribute(button, "aria-pressed", String(visible));
    onToggle(level, visible);
  });
  return { level, element: button, update: (number) => setText(count, number ? String(number) : "") };
}

function lineElement(t, line) {
  return h("div", { class: "line", data: { level: line.level } },
    h("time", { datetime: line.created_at }, formatClock(line.created_at, t.language)),
    h("span", { class: "line-level" }, t(`log.level.${line.level}`)),
    h("span", { class: "line-module" }, line.module),
    h("span", { class: "line-message" }, line.message),
  );
}
