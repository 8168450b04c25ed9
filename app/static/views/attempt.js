/** One attempt that has ended, as it left the scan: nothing on it moves, whatever the newest attempt does. */

import { TERMINAL_STATUSES } from "../contract.js";
import { h, icon, show } from "../dom.js";
import { errorText } from "../errors.js";
import { addressOf } from "../route.js";
import { TaskState } from "../taskstate.js";
import { createAttempts, holds } from "./attempts.js";
import { createFindings } from "./findings.js";
import { createHead } from "./head.js";
import { createLog } from "./log.js";
import { createParties } from "./parties.js";
import { createStages } from "./stages.js";
import { createStatistics } from "./statistics.js";

const TAIL = 200; // lines of the log that come by themselves

export function createAttemptView(app, scope) {
  const { t } = app;
  const { taskId, attempt } = scope;
  const note = h("div", { class: "state" });
  const body = h("div", { class: "task-body ended", hidden: true });
  const element = h("div", { class: "task" },
    h("a", { class: "back", href: "#/tasks" }, icon("back"), t("app.back")),
    note, body,
  );
  const attempts = createAttempts(app, scope);
  let parts = []; // that have to be disposed of
  let failed = false;
  let disposed = false;

  async function read() {
    failed = false;
    showNote(h("div", { class: "skeleton tall" }), h("div", { class: "skeleton" }), h("p", { class: "muted" }, t("task.loading")));
    try {
      const item = (await app.api.attempts(taskId)).items.find((one) => holds(one, attempt));
      if (item && !TERMINAL_STATUSES.has(item.status)) location.replace(addressOf({ taskId })); // it is live
      else if (item) take(item, await app.api.getTask(scope), await lastLines(item));
      else showNote(h("h1", {}, t("detail.gone_title")), h("p", {}, t("detail.gone")));
    } catch (error) {
      fail(error);
    }
  }

  /** The end of the attempt's log, and the number of its first line. */
  async function lastLines(item) {
    const count = Object.values(item.log_counts).reduce((sum, number) => sum + number, 0);
    const first = (await app.api.logLines(scope, { after: 0, limit: 1 })).items[0]?.log_seq ?? 1;
    const { items } = await app.api.logLines(scope, { after: Math.max(first + count - 1 - TAIL, 0), limit: TAIL });
    return { first, items };
  }

  function take(item, task, lines) {
    if (disposed) return;
    const state = stateOf(item, task, lines);
    const head = createHead(app, scope, {});
    const [stages, statistics] = [createStages(t), createStatistics(t)];
    const parties = createParties(app, () => scope);
    const findings = createFindings(app, scope, { onShown: (items) => parties.setRisks(items) });
    const log = createLog(app, scope, { getState: () => state, onLines: () => log.update(state) });
    const removed = item.results_removed_at && h("p", { class: "card" }, t("attempts.removed"));
    const results = removed ? [removed] : [findings.element, h("div", { class: "columns" }, log.element), parties.element];
    parts = [findings, parties];
    body.replaceChildren(head.element, attempts.element, stages.element, statistics.element, ...results);
    show(note, false);
    show(body, true);
    [head, statistics].forEach((part) => part.update(state, 0, false));
    stages.update(state.stages, 0, false);
    if (!removed) [findings, parties, log].forEach((part) => part.update(state));
    attempts.read();
    app.setTitle(state.target_domain);
  }

  function fail(error) {
    if (disposed) return;
    failed = error.status !== 404;
    const again = failed && h("button", { class: "primary", type: "button", on: { click: read } }, t("app.retry"));
    showNote(h("h1", {}, t(failed ? "detail.failed" : "detail.gone_title")), h("p", {}, failed ? errorText(t, error) : t("detail.gone")), again);
  }

  function showNote(...shown) {
    note.replaceChildren(...shown.filter(Boolean));
    show(note, true);
    show(body, false);
  }

  read();
  return {
    element,
    taskId,
    /** What the newest attempt does is said in the line of attempts. */
    onNotice(frame) {
      if (frame.task_id === taskId && frame.type !== "violation_detected") attempts.read();
    },
    onStatus(status) {
      if (failed && status.phase === "online") read();
    },
    dispose() {
      disposed = true;
      attempts.dispose();
      parts.forEach((part) => part.dispose());
    },
  };
}

/** An attempt in the shape of a state that was followed to its end. */
function stateOf(item, task, lines) {
  const state = new TaskState({
    ...task,
    ...item,
    stages: item.stages.map((stage) => ({ name: stage.key, ...stage })),
    violations: { ...item.violation_counts, recent: [] },
    logs: lines.items,
  });
  state.error = item.error ?? undefined;
  state.first_log_seq = lines.first;
  return state;
}
