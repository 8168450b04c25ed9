/**
 * The state of a followed task: a snapshot, and what every later event means for it. The same fold as the server's, so
 * that a state that was followed equals a fresh snapshot. Knows no DOM.
 */

import {
  ERROR_FIELDS,
  MAX_WARNINGS,
  NO_STATISTICS,
  NO_VIOLATIONS,
  STATISTIC_OF_COUNT,
  TERMINAL_STATUSES,
  VIOLATION_FIELDS,
  WARNING_FIELDS,
  WORKER_LOST,
} from "./contract.js";

/** Lines kept in memory and shown; the whole log is a download away. */
export const MAX_LINES = 2_000;
/** Violations kept and shown; the report has them all. */
export const MAX_VIOLATIONS = 1_000;

export class TaskState {
  constructor(snapshot) {
    const { violations, logs, ...rest } = snapshot;
    const { recent, ...counts } = violations;
    Object.assign(this, rest);
    this.counts = counts; // of violations, by risk
    this.found = new Map(); // violation id -> violation, oldest first
    for (const item of [...recent].reverse()) this.#keep(flatten(item, item.created_at));
    this.logs = logs;
    this.run = 0; // grows when everything begins anew
    this.logs_version = 0; // grows when lines changed otherwise than by joining at the end
    this.message = null;
    this.eta_s = null;
    this.eta_range_s = null;
  }

  get ended() {
    return TERMINAL_STATUSES.has(this.status);
  }

  /** Takes one event. Unknown types change nothing. */
  apply(frame) {
    if (Number.isInteger(frame.seq)) this.seq = frame.seq;
    CHANGES[frame.type]?.(this, frame);
  }

  /** Takes violations as REST lists them: the list is complete, what is there stays. */
  merge(items) {
    const known = [...items, ...this.found.values()];
    known.sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0));
    this.found = new Map();
    for (const item of known) this.#keep(item);
  }

  addViolation(item) {
    this.#keep(item);
  }

  /** Takes log lines from anywhere; doubled ones fall out, the oldest above the limit go. */
  addLines(lines) {
    const last = this.logs.at(-1)?.log_seq ?? 0;
    if (lines.every((line, index) => line.log_seq > (index ? lines[index - 1].log_seq : last))) {
      this.logs.push(...lines);
    } else {
      const all = new Map([...this.logs, ...lines].map((line) => [line.log_seq, line]));
      this.logs = [...all.values()].sort((a, b) => a.log_seq - b.log_seq);
      this.logs_version += 1;
    }
    if (this.logs.length > MAX_LINES) this.logs.splice(0, this.logs.length - MAX_LINES);
  }

  reset() {
    this.run += 1;
    this.progress = 0;
    this.stage = this.stage_key = this.message = this.eta_s = this.eta_range_s = null;
    this.stages = this.stages.map((stage) => ({
      ...stage,
      status: "pending",
      progress: 0,
      started_at: null,
      finished_at: null,
    }));
    this.statistics = { ...NO_STATISTICS };
    this.counts = { ...NO_VIOLATIONS };
    this.found = new Map();
    this.log_counts = {};
    this.warnings = [];
    this.error = undefined;
    this.verdict = undefined;
    this.started_at = null;
  }

  #keep(item) {
    this.found.set(item.violation_id, item);
    if (this.found.size > MAX_VIOLATIONS) this.found.delete(this.found.keys().next().value);
  }
}

/** A violation of an event or a snapshot in the flat shape of REST. */
export function flatten(frame, createdAt) {
  const beside = Object.fromEntries(VIOLATION_FIELDS.map((name) => [name, frame[name] ?? null]));
  return { ...frame.violation, ...beside, created_at: createdAt };
}

const CHANGES = {
  task_started(state, frame) {
    state.status = "running";
    state.attempt = frame.attempt;
    state.started_at = frame.timestamp;
    state.worker = { id: frame.worker_id ?? null, state: "alive", last_heartbeat_at: frame.timestamp };
    state.queue_position = undefined;
  },
  task_progress(state, frame) {
    state.progress = Math.max(state.progress, frame.progress);
    state.stage = frame.stage;
    state.stage_key = frame.stage_key;
    state.message = frame.message;
    state.eta_s = frame.eta_s ?? null;
    state.eta_range_s = frame.eta_max_s === undefined ? null : [frame.eta_min_s, frame.eta_max_s];
    state.stages = state.stages.map((stage) =>
      stage.key === frame.stage_key ? { ...stage, progress: Math.max(stage.progress, frame.stage_progress) } : stage,
    );
    for (const [count, name] of Object.entries(STATISTIC_OF_COUNT)) {
      if (frame.counts?.[count] !== undefined) state.statistics = { ...state.statistics, [name]: frame.counts[count] };
    }
  },
  task_stage(state, frame) {
    const { status, timestamp: at } = frame;
    state.stages = state.stages.map((stage) => {
      if (stage.key !== frame.stage_key) return stage;
      if (status === "running") return { ...stage, status, started_at: stage.started_at ?? at, finished_at: null };
      const progress = status === "completed" || status === "skipped" ? 100 : stage.progress;
      return { ...stage, status, progress, finished_at: at };
    });
  },
  violation_detected(state, frame) {
    const names = ["total", frame.violation.risk_level, ...(frame.needs_review ? ["needs_review"] : [])];
    state.counts = { ...state.counts };
    for (const name of names) state.counts[name] = (state.counts[name] ?? 0) + 1;
    state.statistics = { ...state.statistics, total_violations: state.counts.total };
    state.addViolation(flatten(frame, frame.timestamp));
  },
  task_logs(state, frame) {
    state.log_counts = { ...state.log_counts };
    for (const { level } of frame.logs) state.log_counts[level] = (state.log_counts[level] ?? 0) + 1;
    state.addLines(frame.logs);
  },
  logs_dropped(state) {
    state.logs_version += 1; // the numbers of the lines show the gap
  },
  task_warning(state, frame) {
    const kept = [...WARNING_FIELDS, "attempt"].filter((name) => frame[name] !== undefined);
    const warning = Object.fromEntries(kept.map((name) => [name, frame[name]]));
    state.warnings = [...state.warnings, warning].slice(-MAX_WARNINGS);
    if (frame.code === "worker_suspect") state.worker = { ...state.worker, state: "suspect" };
  },
  task_error(state, frame) {
    const kept = ERROR_FIELDS.filter((name) => frame[name] !== undefined);
    state.error = Object.fromEntries(kept.map((name) => [name, frame[name]]));
  },
  task_cancelling(state) {
    state.status = "cancelling";
  },
  task_retrying(state, frame) {
    if (frame.reason === WORKER_LOST) {
      state.stages = state.stages.map((stage) => (stage.status === "running" ? { ...stage, status: "pending" } : stage));
      state.error = undefined;
      state.verdict = undefined;
      state.warnings = [];
    } else {
      state.reset();
    }
    state.status = "pending";
    state.attempt = frame.next_attempt;
    state.completed_at = null;
    state.worker = { ...state.worker, id: null, state: "none" };
  },
  task_completed(state, frame) {
    state.status = frame.status;
    state.statistics = frame.statistics;
    state.error = frame.error ?? state.error;
    state.verdict = frame.verdict;
    state.completed_at = frame.timestamp;
    state.worker = { ...state.worker, id: null, state: "none" };
    state.queue_position = undefined;
  },
};
