/** The head of a task: what it is, how far it is, what can be done with it. */

import { h, icon, setAttribute, setText, show } from "../dom.js";
import { formatDuration, formatMoment } from "../format.js";
import { textOfCode } from "../texts.js";
import { statusBadge, verdictBadge, verdictText } from "./badges.js";

const ETA_FROM = 10; // percent; estimates before are guesses

/** `actions`: `cancel`, `retry`, `remove`, `report`, each returning a promise. */
export function createHead(app, actions) {
  const { t } = app;
  const domain = h("h1", { class: "domain", tabindex: "-1" });
  const badge = h("span", { class: "slot" });
  const facts = h("p", { class: "muted facts" });
  const percent = h("span", { class: "percent" });
  const message = h("span", { class: "progress-message" });
  const eta = h("span", { class: "muted" });
  const bar = h("progress", { class: "overall", max: 100, value: 0, "aria-label": t("task.progress") });
  const problem = h("p", { class: "problem", hidden: true });
  const warnings = h("ul", { class: "warnings", hidden: true });
  const buttons = {
    cancel: actionButton("task.cancel", "bordered quiet", actions.cancel),
    retry: actionButton("task.retry", "primary", actions.retry),
    report: actionButton("task.report", "bordered quiet", actions.report),
    remove: actionButton("task.delete", "bordered quiet dangerous", actions.remove),
  };

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
      h("div", { class: "buttons" }, Object.values(buttons)),
    ),
    h("div", { class: "progress-line" }, percent, message, eta),
    bar, problem, warnings,
  );

  let shownBadges = "";
  let shownWarnings = "";

  function update(state) {
    setText(domain, state.target_domain);
    showBadges(state);
    setText(facts, factsOf(t, state));
    setText(percent, `${state.progress}%`);
    setText(message, messageOf(t, state));
    const estimated = state.eta_s && state.progress >= ETA_FROM && !state.ended;
    setText(eta, estimated ? t("task.eta", { time: formatDuration(state.eta_s) }) : "");
    bar.value = state.progress;
    setAttribute(bar, "data-status", state.status);
    show(buttons.cancel, state.status === "pending" || state.status === "running");
    show(buttons.retry, state.ended);
    show(buttons.report, state.ended);
    show(buttons.remove, state.ended || state.status === "pending");
    show(problem, state.status === "failed" && Boolean(state.error));
    if (state.error) setText(problem, t("task.error", { message: textOfCode(t, "failure", state.error.code, state.error.message) }));
    showWarnings(state);
  }

  function showBadges({ status, verdict }) {
    const key = `${status} ${verdict?.result}`;
    if (key === shownBadges) return;
    shownBadges = key;
    badge.replaceChildren(statusBadge(t, status), ...(verdict ? [" ", verdictBadge(t, verdict)] : []));
  }

  function showWarnings(state) {
    const seen = new Set();
    const current = state.warnings.filter(({ code, message: text }) => !seen.has(code + text) && seen.add(code + text));
    const key = JSON.stringify(current);
    if (key === shownWarnings) return;
    shownWarnings = key;
    show(warnings, current.length > 0);
    warnings.replaceChildren(
      ...current.map(({ code, message: text }) =>
        h("li", {}, icon("warn"), h("strong", {}, textOfCode(t, "warning", code)), h("span", {}, text)),
      ),
    );
  }

  return { element, update };
}

function factsOf(t, state) {
  const parts = [t("task.created", { time: formatMoment(state.created_at, t.language) })];
  if (state.attempt > 1) parts.push(t("task.attempt", { count: state.attempt }));
  if (state.queue_position && state.status === "pending") parts.push(t("task.queue", { count: state.queue_position }));
  return parts.join(" · ");
}

function messageOf(t, state) {
  if (state.verdict) return verdictText(t, state.verdict);
  if (state.ended || state.status === "cancelling") return textOfCode(t, "status", state.status);
  if (state.status === "pending") return t(state.progress > 0 ? "task.resuming" : "status.pending");
  const stage = state.stage_key ? textOfCode(t, "stage", state.stage_key, state.stage) : t("status.running");
  return state.message && state.message !== state.stage ? t("task.message", { stage, message: state.message }) : stage;
}
