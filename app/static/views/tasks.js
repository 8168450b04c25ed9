/** All tasks of the user: status and progress, kept fresh by notices and by following what runs. */

import { TERMINAL_STATUSES } from "../contract.js";
import { createScheduler, h, show, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { formatMoment, zoneName } from "../format.js";
import { TaskState } from "../taskstate.js";
import { textOfCode } from "../texts.js";
import { riskCounts, statusBadge, verdictBadge } from "./badges.js";
import { createStart } from "./start.js";

const PAGE_SIZE = 30;
const MAX_FOLLOWED = 30; // of what runs or waits; the rest moves by notices
const PAUSE_MS = 1_000; // between two loads that notices ask for

export function createTasksView(app) {
  const { t } = app;
  const tasks = new Map(); // id -> task as REST gives it, newest first
  const subscription = new Map(); // id -> function that ends it
  let total = 0;
  let pages = 1;
  let loads = 0; // grows with every load; an older answer is void
  let wasOnline = false;
  let disposed = false;
  let reload = null; // timer

  const rows = new Map(); // id -> row
  const count = h("span", { class: "muted" });
  const list = h("ul", { class: "task-list" });
  const note = h("div", { class: "state" });
  const more = h("button", { class: "quiet bordered", type: "button", hidden: true, on: { click: () => { pages += 1; load(); } } });
  const element = h("div", { class: "tasks" },
    createStart(app).element,
    h("section", { "aria-labelledby": "tasks-title" },
      h("div", { class: "section-head" }, h("h1", { id: "tasks-title" }, t("tasks.title")), count, h("span", { class: "muted small zone" }, t("task.zone", { zone: zoneName(t.language, Date.now()) }))),
      note, list, more,
    ),
  );
  const scheduler = createScheduler(draw);

  async function load() {
    const mine = ++loads;
    try {
      const found = [];
      for (let page = 1; page <= pages; page += 1) {
        const piece = await app.api.listTasks({ page, pageSize: PAGE_SIZE });
        found.push(...piece.items);
        total = piece.total;
      }
      if (mine !== loads || disposed) return;
      take(found);
    } catch (error) {
      if (mine === loads && !disposed) fail(error);
    }
  }

  function take(found) {
    tasks.clear();
    for (const task of found) {
      tasks.set(task.id, task);
      app.targets.set(task.id, task.target_domain);
    }
    show(note, tasks.size === 0);
    note.replaceChildren(h("h2", {}, t("tasks.empty_title")), h("p", {}, t("tasks.empty")));
    followUnfinished();
    draw();
  }

  function fail(error) {
    if (tasks.size) {
      app.toast(errorText(t, error), { kind: "error" });
      return;
    }
    show(note, true);
    note.replaceChildren(
      h("h2", {}, t("tasks.failed")),
      h("p", {}, errorText(t, error)),
      h("button", { class: "primary", type: "button", on: { click: start } }, t("app.retry")),
    );
  }

  function followUnfinished() {
    const unfinished = [...tasks.values()].filter((task) => !TERMINAL_STATUSES.has(task.status)).slice(0, MAX_FOLLOWED);
    const wanted = new Set(unfinished.map((task) => task.id));
    for (const [id, end] of subscription) {
      if (wanted.has(id)) continue;
      end();
      subscription.delete(id);
    }
    for (const id of wanted) {
      if (!subscription.has(id)) subscription.set(id, follow(id));
    }
  }

  function follow(id) {
    let state = null;
    const listener = {
      onFrame(frame) {
        if (frame.type === "task_deleted") {
          load();
          return;
        }
        if (frame.type === "task_snapshot") state = new TaskState(frame);
        else state?.apply(frame);
        if (state && tasks.has(id)) tasks.set(id, { ...tasks.get(id), ...summary(state) });
        scheduler.request();
      },
      onLost: () => load(),
    };
    return app.realtime.follow(id, { topics: ["progress"], logTail: 0, listener });
  }

  function draw() {
    setText(count, total ? t("tasks.count", { count: total }) : "");
    for (const [id, row] of rows) {
      if (tasks.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    let next = list.firstChild;
    for (const [id, task] of tasks) {
      if (!rows.has(id)) rows.set(id, createRow(t, task));
      const row = rows.get(id);
      row.update(task);
      if (row.element === next) next = next.nextSibling;
      else list.insertBefore(row.element, next);
    }
    const left = total - tasks.size;
    show(more, left > 0 && tasks.size > 0);
    setText(more, t("tasks.more", { count: Math.min(left, PAGE_SIZE) }));
  }

  function start() {
    show(note, true);
    note.replaceChildren(...Array.from({ length: 3 }, () => h("div", { class: "skeleton row" })), h("p", { class: "visually-hidden" }, t("app.loading")));
    load();
  }

  app.setTitle(t("tasks.title"));
  wasOnline = app.realtime.status.phase === "online";
  start();
  return {
    element,
    /** Notices say that something changed; what they do not hold is read anew. */
    onNotice() {
      reload ??= setTimeout(() => {
        reload = null;
        load();
      }, PAUSE_MS);
    },
    onStatus(status) {
      const online = status.phase === "online";
      if (online && !wasOnline) load();
      wasOnline = online;
    },
    dispose() {
      disposed = true;
      clearTimeout(reload);
      scheduler.cancel();
      for (const end of subscription.values()) end();
    },
  };
}

/** What a row shows of a followed state, in the shape of REST. */
function summary(state) {
  return {
    status: state.status,
    progress: state.progress,
    stage_key: state.stage_key,
    attempt: state.attempt,
    statistics: state.statistics,
    violation_counts: state.counts,
    queue_position: state.queue_position ?? null,
    error: state.error ?? null,
    verdict: state.verdict ?? null,
    completed_at: state.completed_at ?? null,
  };
}

/** A row that stays the same element while its task changes, so that it keeps the focus. */
function createRow(t, first) {
  const label = t("tasks.open", { domain: first.target_domain });
  const link = h("a", { class: "task-row card", href: `#/tasks/${first.id}`, "aria-label": label });
  let shown = "";

  function update(task) {
    const seen = JSON.stringify(task);
    if (seen !== shown) link.replaceChildren(...cells(t, task));
    shown = seen;
  }

  return { element: h("li", {}, link), update };
}

function cells(t, task) {
  const running = !TERMINAL_STATUSES.has(task.status);
  const violations = task.statistics.total_violations
    ? riskCounts(t, task.violation_counts)
    : task.status === "completed" && nothingFound(t, task.verdict);
  return [
    h("div", { class: "task-main" },
      h("span", { class: "domain" }, task.target_domain),
      h("span", { class: "muted" }, subtitle(t, task)),
    ),
    h("div", { class: "task-progress" },
      running && h("progress", { max: 100, value: task.progress, "aria-label": t("task.progress") }),
      running && h("span", { class: "percent" }, `${task.progress}%`),
    ),
    h("div", { class: "task-risks" }, violations),
    statusBadge(t, task.status),
  ];
}

/** A task of an older version has no verdict, and nobody counted what it had not seen. */
function nothingFound(t, verdict) {
  if (verdict && verdict.result !== "clean") return verdictBadge(t, verdict);
  return h("span", { class: "muted" }, t("tasks.no_violations"));
}

function subtitle(t, task) {
  if (task.status === "pending" && task.queue_position) return t("task.queue", { count: task.queue_position });
  if (task.status === "running" && task.stage_key) return textOfCode(t, "stage", task.stage_key, task.stage);
  const [key, at] = task.completed_at ? ["task.ended", task.completed_at] : ["task.created", task.created_at];
  return t(key, { time: formatMoment(at, t.language) });
}
