/** The live view of one task: its newest attempt, and what stands as its result when that has ended. */

import { createScheduler, h, icon, show } from "../dom.js";
import { errorText } from "../errors.js";
import { formatClock } from "../format.js";
import { MAX_VIOLATIONS, TaskState } from "../taskstate.js";
import { createAttempts } from "./attempts.js";
import { confirmAction } from "./confirm.js";
import { createFindings } from "./findings.js";
import { createHead } from "./head.js";
import { createLog } from "./log.js";
import { createParties } from "./parties.js";
import { createStages } from "./stages.js";
import { createStatistics } from "./statistics.js";
import { createViolations } from "./violations.js";

const RETRY_LIST_MS = 5_000;

/** `taskId` null: the address names no task. */
export function createTaskView(app, { taskId }) {
  const { t } = app;
  let state = null;
  let gone = false;
  let listTimer = null;

  const head = createHead(app, { taskId }, { cancel, retry, remove });
  const stages = createStages(t);
  const statistics = createStatistics(t);
  const violations = createViolations(app);
  const scope = { taskId }; // without an attempt: whose results stand, the server says
  const attempts = createAttempts(app, { taskId });
  const parties = createParties(app, scopeNow);
  const findings = createFindings(app, scope, {
    onShown(items, attempt) {
      parties.setRisks(items);
      attempts.setShown(attempt);
    },
  });
  const scheduler = createScheduler(draw);
  const log = createLog(app, scope, { getState: () => state, onLines: () => scheduler.request() });

  const cut = h("div", { class: "banner", role: "status", hidden: true });
  const body = h("div", { class: "task-body", hidden: true },
    cut, head.element, stages.element, statistics.element, attempts.element,
    findings.element,
    h("div", { class: "columns" }, violations.element, log.element),
    parties.element,
  );
  const note = h("div", { class: "state" }, h("div", { class: "skeleton tall" }), h("div", { class: "skeleton" }), h("p", { class: "muted" }, t("task.loading")));
  const element = h("div", { class: "task" },
    h("a", { class: "back", href: "#/tasks" }, icon("back"), t("app.back")),
    note, body,
  );

  const endFollowing = taskId === null ? () => {} : app.realtime.follow(taskId, { listener: { onFrame, onLost: lose } });
  const clock = setInterval(() => state && !state.ended && scheduler.request(), 1_000);

  function onFrame(frame) {
    if (frame.type === "task_snapshot") {
      state = new TaskState(frame);
      app.targets.set(taskId, state.target_domain);
      completeViolations();
    } else if (frame.type === "task_deleted") {
      lose("deleted");
    } else {
      state?.apply(frame);
      if (frame.type === "task_completed") completeViolations();
    }
    scheduler.request();
  }

  /** What runs is shown as far as it is, not the results before it. */
  function scopeNow() {
    return state && !state.ended && state.attempt > 1 ? { taskId, attempt: state.attempt } : scope;
  }

  /** A snapshot brings the newest violations only, and REST is what counts in the end. */
  async function completeViolations() {
    clearTimeout(listTimer);
    if (state.counts.total === 0 || (!state.ended && state.found.size >= state.counts.total)) return;
    const [asked, run] = [state, state.run];
    try {
      const { items } = await app.api.violations(scopeNow(), MAX_VIOLATIONS);
      if (asked !== state || run !== state.run) return;
      state.merge(items);
      scheduler.request();
    } catch (error) {
      if (error.status === 401 || error.status === 404) return;
      listTimer = setTimeout(completeViolations, RETRY_LIST_MS);
    }
  }

  function lose(code) {
    gone = true;
    const title = code === "deleted" ? t("task.deleted") : t("task.gone_title");
    const more = code === "deleted" ? [] : [h("p", {}, t(code === "subscription_limit" ? "task.limit" : "task.gone"))];
    show(body, false);
    show(note, true);
    note.replaceChildren(h("h1", { tabindex: "-1" }, title), ...more, h("a", { class: "button primary", href: "#/tasks" }, t("app.back")));
  }

  function draw() {
    if (!state || gone) return;
    const now = Date.now() + app.realtime.serverOffsetMs;
    const active = app.realtime.status.phase === "online";
    show(note, false);
    show(body, true);
    head.update(state, now, active);
    stages.update(state.stages, now, active && !state.ended);
    statistics.update(state, now, active);
    body.classList.toggle("ended", state.ended);
    show(violations.element, !state.ended); // then the findings say the same, with evidence
    violations.update(state);
    findings.update(state);
    attempts.update(state);
    parties.update(state);
    log.update(state);
    app.setTitle(state.ended ? state.target_domain : `${state.progress}% ${state.target_domain}`);
  }

  function onStatus(status) {
    const broken = status.phase !== "online" && state !== null;
    if (!broken) findings.onOnline();
    show(cut, broken);
    if (broken) {
      const time = formatClock(status.lastFrameAt ?? Date.now(), t.language);
      cut.replaceChildren(icon("warn"), status.reason === "connection_limit" ? t("live.limit") : t("live.lost", { time }));
    }
    scheduler.request();
  }

  /** Runs an action of the user; says it when the server refuses. */
  async function attempt(action) {
    try {
      await action();
      return true;
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
      return false;
    }
  }

  async function cancel() {
    const question = t("task.confirm_cancel", { domain: state.target_domain });
    const sure = await confirmAction(t, { question, more: t("task.confirm_cancel_more"), action: t("task.cancel") });
    if (sure) await attempt(() => app.api.cancelTask(taskId));
  }

  async function retry() {
    const question = t("task.confirm_retry", { domain: state.target_domain });
    const sure = await confirmAction(t, { question, more: t("task.confirm_retry_more"), action: t("task.retry"), look: "primary" });
    if (sure) await attempt(() => app.api.retryTask(taskId));
  }

  async function remove() {
    const question = t("task.confirm_delete", { domain: state.target_domain });
    const sure = await confirmAction(t, { question, more: t("task.confirm_delete_more"), action: t("task.delete") });
    if (sure && (await attempt(() => app.api.deleteTask(taskId)))) location.hash = "#/tasks";
  }

  app.setTitle(null);
  if (taskId === null) lose("not_found");
  return {
    element,
    taskId,
    onStatus,
    dispose() {
      clearInterval(clock);
      clearTimeout(listTimer);
      scheduler.cancel();
      attempts.dispose();
      findings.dispose();
      parties.dispose();
      endFollowing();
    },
  };
}
