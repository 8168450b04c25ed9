/** The head of a task: what it is, how far it is, what can be done with it. */

import { h, setAttribute, setText, show } from "../dom.js";
import { formatMoment, formatRough, zoneName } from "../format.js";
import { textOfCode } from "../texts.js";
import { statusBadge, verdictBadge, verdictText } from "./badges.js";
import { createReportMenu } from "./reportmenu.js";
import { createWarnings } from "./warnings.js";

const ETA_FROM = 10; // percent; estimates before are guesses

/** A range where the server gives one, since a single number would promise too much. */
function etaOf(t, state) {
  if (!state.eta_s || state.progress < ETA_FROM || state.ended) return "";
  const [low, high] = (state.eta_range_s ?? [state.eta_s, state.eta_s]).map((seconds) => formatRough(seconds, t.language));
  return low === high ? t("task.eta", { time: low }) : t("task.eta_range", { low, high });
}

/**
 * `actions`: `cancel`, `retry`, `remove`, each returning a promise; there is a button for those given. `scope`: whose
 * report is offered.
 */
export function createHead(app, scope, actions) {
  const { t } = app;
  const domain = h("h1", { class: "domain", tabindex: "-1" });
  const badge = h("span", { class: "slot" });
  const facts = h("p", { class: "muted facts" });
  const percent = h("span", { class: "percent" });
  const message = h("span", { class: "progress-message" });
  const eta = h("span", { class: "muted" });
  const bar = h("progress", { class: "overall", max: 100, value: 0, "aria-label": t("task.progress") });
  const problem = h("p", { class: "problem", hidden: true });
  const warnings = createWarnings(t);
  const buttons = {
    cancel: actionButton("task.cancel", "bordered quiet", actions.cancel),
    retry: actionButton("task.retry", "primary", actions.retry),
    remove: actionButton("task.delete", "bordered quiet dangerous", actions.remove),
  };

  const report = createReportMenu(app, scope, () => `${domain.textContent}-${scope.taskId}`);

  function actionButton(key, look, action) {
    const button = h("button", { class: look, type: "button", hidden: true }, t(key));
    button.addEventListener("click", async () => {
      button.disabled = true;
      await action();
      button.disabled = false;
    });
    return button;
  }

  const element = h("section", { class: "card head", "aria-label": t("task.progress") },
    h("div", { class: "head-top" },
      h("div", { class: "head-title" }, h("div", { class: "title-line" }, domain, badge), facts),
      h("div", { class: "buttons" }, buttons.cancel, buttons.retry, report, buttons.remove),
    ),
    h("div", { class: "progress-line" }, percent, message, eta),
    bar, problem, warnings.element,
  );

  let shownBadges = "";

  function update(state) {
    setText(domain, state.target_domain);
    showBadges(state);
    setText(facts, factsOf(t, state));
    setText(percent, `${state.progress}%`);
    setText(message, messageOf(t, state));
    setText(eta, etaOf(t, state));
    bar.value = state.progress;
    setAttribute(bar, "data-status", state.status);
    offer("cancel", state.status === "pending" || state.status === "running");
    offer("retry", state.ended);
    show(report, state.ended);
    offer("remove", state.ended || state.status === "pending");
    show(problem, state.status === "failed" && Boolean(state.error));
    if (state.error) setText(problem, t("task.error", { message: textOfCode(t, "failure", state.error.code, state.error.message) }));
    warnings.update(state.warnings);
  }

  function offer(name, possible) {
    show(buttons[name], possible && name in actions);
  }

  function showBadges({ status, verdict }) {
    const key = `${status} ${verdict?.result}`;
    if (key === shownBadges) return;
    shownBadges = key;
    badge.replaceChildren(statusBadge(t, status), ...(verdict ? [" ", verdictBadge(t, verdict)] : []));
  }

  return { element, update };
}

function factsOf(t, state) {
  const times = [["task.created", state.created_at], ["task.started", state.started_at], ["task.ended", state.completed_at]];
  const said = times.filter(([, at]) => at).map(([key, at]) => t(key, { time: formatMoment(at, t.language) }));
  const parts = [...said, t("task.zone", { zone: zoneName(t.language, state.created_at) })];
  if (state.attempt > 1) parts.push(t("task.attempt", { count: state.attempt }));
  if (state.queue_position && state.status === "pending") parts.push(t("task.queue", { count: state.queue_position }));
  return parts.join(" · ");
}

function messageOf(t, state) {
  if (state.verdict) return verdictText(t, state.verdict);
  if (state.ended || state.status === "cancelling") return textOfCode(t, "status", state.status);
  if (state.status === "pending") return t(state.progress > 0 ? "task.resuming" : "status.pending");
  const stage = state.stage_key ? textOfCode(t, "stage", state.stage_key, state.stage) : t("status.running");
  return state.message || stage; // the message is of the stage that does the most, which need not be the lowest one
}
