/** The five stages with their progress and times. */

import { h, icon, setAttribute, setText } from "../dom.js";
import { formatDuration, secondsBetween } from "../format.js";
import { textOfCode } from "../texts.js";

const MARKS = { completed: "check", failed: "cross", cancelled: "cross", skipped: "skip" };

export function createStages(t) {
  const list = h("ol", { class: "stages" });
  let rows = [];

  function build(stages) {
    rows = stages.map((stage, index) => createRow(t, stage, index));
    list.replaceChildren(...rows.map((row) => row.element));
  }

  /** `now`: the server's clock, in milliseconds; `active`: whether time goes on. */
  function update(stages, now, active) {
    if (!rows.length) build(stages);
    stages.forEach((stage, index) => rows[index].update(stage, now, active));
  }

  return { element: h("section", { class: "card", "aria-label": t("task.stages") }, list), update };
}

function createRow(t, first, index) {
  const mark = h("span", { class: "stage-mark", "aria-hidden": "true" });
  const bar = h("progress", { max: 100, value: 0 });
  const time = h("span", { class: "stage-time" });
  const status = h("span", { class: "stage-status" });
  const name = textOfCode(t, "stage", first.key, first.name);
  const hint = textOfCode(t, "stage_hint", first.key, ""); // what reads the pages today
  const element = h("li", { class: "stage" },
    mark,
    h("span", { class: "stage-name" }, name, hint && h("small", { class: "stage-hint muted" }, hint)),
    bar,
    h("span", { class: "stage-foot" }, status, time),
  );
  setAttribute(bar, "aria-label", name);
  let shown = null;

  function update(stage, now, active) {
    setAttribute(element, "data-status", stage.status);
    setAttribute(element, "aria-current", stage.status === "running" ? "step" : null);
    if (shown !== stage.status) {
      mark.replaceChildren(MARKS[stage.status] ? icon(MARKS[stage.status]) : String(index + 1));
      shown = stage.status;
    }
    bar.value = stage.progress;
    const running = stage.status === "running" && active;
    // Only the lowest unfinished stage says how far it is; one that runs ahead just runs.
    setText(status, running && stage.progress ? `${stage.progress}%` : textOfCode(t, "stage_status", stage.status));
    const counts = stage.started_at && (stage.finished_at || running);
    setText(time, counts ? formatDuration(secondsBetween(stage.started_at, stage.finished_at, now)) : "");
  }

  return { element, update };
}
