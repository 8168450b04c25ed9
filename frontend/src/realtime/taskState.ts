/**
 * The state of a followed task: a snapshot, and what every later event means for it. The same fold as the server's, so
 * that a state that was followed equals a fresh snapshot.
 */

import {
  ERROR_FIELDS, MAX_WARNINGS, NO_STATISTICS, NO_VIOLATIONS, STATISTIC_OF_COUNT, TERMINAL_STATUSES, VIOLATION_FIELDS,
  WARNING_FIELDS, WORKER_LOST,
} from "../generated/contract";
import type {
  ErrorInfo, LogLine, SnapshotStage, SnapshotViolation, SnapshotWarning, StageKey, Statistics, TaskSnapshot,
  VerdictInfo, ViolationDetectedFrame, Worker,
} from "../generated/frames";
import type { ViolationItem } from "../generated/rest";
import type { FollowedFrame, FrameOf } from "./protocol";

/** Lines kept in memory and shown; the whole log is a download away. */
export const MAX_LINES = 5_000;
/** Violations kept; REST and the report have them all. */
export const MAX_VIOLATIONS = 1_000;

export type Counts = Record<string, number>;
/** A violation in one flat object, as a list shows it. */
export type KnownViolation = Pick<
  ViolationItem, "domain" | "violation_type" | "risk_level" | "confidence_score" | "description" | "violation_id"
> & { finding_id: string; violation_key: string; needs_review: boolean; url: string | null; found_on: string | null; created_at: string };
/** The finding that a violation is part of, and its level. */
type ItsFinding = Pick<KnownViolation, "finding_id" | "risk_level">;
/** Events that change a state; a snapshot makes a new one, and a deletion ends it. */
export type TaskEvent = Exclude<FollowedFrame, { type: "task_snapshot" | "task_deleted" }>;

export class TaskState {
  readonly taskId: string;
  readonly targetDomain: string;
  readonly createdAt: string;
  seq: number;
  status: TaskSnapshot["status"];
  attempt: number;
  /** Whole percent. */
  progress: number;
  stageKey: StageKey | null;
  stages: SnapshotStage[];
  statistics: Statistics;
  /** Violations by the risk of their findings, "total" and "needs_review". */
  counts: Counts;
  /** Findings by risk, "total" and "needs_review". */
  findingCounts: Counts;
  /** By id, oldest first; at most `MAX_VIOLATIONS`. */
  violations = new Map<string, KnownViolation>();
  /** In the order of `log_seq`; at most `MAX_LINES`. */
  logs: LogLine[];
  logCounts: Counts;
  warnings: SnapshotWarning[];
  worker: Worker;
  queuePosition: number | null;
  startedAt: string | null;
  completedAt: string | null;
  /** The user who cancelled it; null: nobody did, or it is not said to this reader. */
  endedBy: string | null;
  error: ErrorInfo | null;
  verdict: VerdictInfo | null;
  /** What the scan is doing, for people; null: it has not said. */
  message: string | null = null;
  /** Seconds that are left, from and to; null: nobody knows. */
  etaRangeS: [number, number] | null = null;
  /** By domain and kind, the finding of each violation as events have reported it since the snapshot: REST may answer with older ones. */
  #told = new Map<string, ItsFinding>();

  constructor(snapshot: TaskSnapshot) {
    const { recent, ...counts } = snapshot.violations;
    this.taskId = snapshot.task_id;
    this.targetDomain = snapshot.target_domain;
    this.createdAt = snapshot.created_at;
    this.seq = snapshot.seq;
    this.status = snapshot.status;
    this.attempt = snapshot.attempt;
    this.progress = snapshot.progress;
    this.stageKey = snapshot.stage_key;
    this.stages = snapshot.stages;
    this.statistics = snapshot.statistics;
    this.counts = counts;
    this.findingCounts = { ...snapshot.findings };
    this.logs = snapshot.logs;
    this.logCounts = snapshot.log_counts;
    this.warnings = snapshot.warnings;
    this.worker = snapshot.worker;
    this.queuePosition = snapshot.queue_position ?? null;
    this.startedAt = snapshot.started_at;
    this.completedAt = snapshot.completed_at;
    this.endedBy = snapshot.ended_by ?? null;
    this.error = snapshot.error ?? null;
    this.verdict = snapshot.verdict ?? null;
    for (const item of [...recent].reverse()) this.#keep(flatten(item, item.created_at));
  }

  get ended(): boolean {
    return TERMINAL_STATUSES.has(this.status);
  }

  /** Takes one event. A type that is not known here moves the position and changes nothing else. */
  apply(frame: TaskEvent): void {
    if ("seq" in frame) this.seq = frame.seq;
    const change = CHANGES[frame.type] as ((state: TaskState, frame: TaskEvent) => void) | undefined;
    change?.(this, frame);
  }

  /** Takes violations as REST lists them; what is there stays, doubled ones fall out. */
  merge(items: KnownViolation[]): void {
    const known = [...items, ...this.violations.values()];
    known.sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0));
    this.violations = new Map();
    for (const item of known) this.#keep(item);
  }

  addViolation(item: KnownViolation): void {
    this.#tell(item.domain, item.violation_key, item);
    this.#keep(item);
  }

  /** The violations of the domain with these kinds now belong to this finding and have its level. */
  changeFinding(domain: string, kinds: readonly string[], finding: ItsFinding): void {
    for (const kind of kinds) this.#tell(domain, kind, finding);
    for (const item of this.violations.values()) {
      if (item.domain === domain && kinds.includes(item.violation_key)) this.#keep(item);
    }
  }

  /** Takes log lines from anywhere; doubled ones fall out, and the oldest above the limit. */
  addLines(lines: LogLine[]): void {
    const last = this.logs.at(-1)?.log_seq ?? 0;
    const isAhead = lines.every((line, index) => line.log_seq > (lines[index - 1]?.log_seq ?? last));
    const all = isAhead ? [...this.logs, ...lines] : sorted([...this.logs, ...lines]);
    this.logs = all.slice(-MAX_LINES);
  }

  /** A retry by a user: everything begins anew. The log goes on. */
  reset(): void {
    this.progress = 0;
    this.stageKey = this.message = this.etaRangeS = this.error = this.verdict = this.startedAt = null;
    this.stages = this.stages.map((stage) => ({
      ...stage, status: "pending", progress: 0, started_at: null, finished_at: null,
    }));
    this.statistics = { ...NO_STATISTICS };
    this.counts = { ...NO_VIOLATIONS };
    this.findingCounts = { ...NO_VIOLATIONS };
    this.violations = new Map();
    this.#told.clear();
    this.logCounts = {};
    this.warnings = [];
  }

  #tell(domain: string, kind: string, { finding_id, risk_level }: ItsFinding): void {
    this.#told.set(placeOf(domain, kind), { finding_id, risk_level });
  }

  #keep(item: KnownViolation): void {
    this.violations.set(item.violation_id, { ...item, ...this.#told.get(placeOf(item.domain, item.violation_key)) });
    const oldest = this.violations.keys().next();
    if (this.violations.size > MAX_VIOLATIONS && !oldest.done) this.violations.delete(oldest.value);
  }
}

/** A run has one violation of each kind in a domain. */
function placeOf(domain: string, kind: string): string {
  return `${kind} ${domain}`;
}

/** Counts as they are after the event. While versions are exchanged, events of the one before may come without them. */
function takeCounts(state: TaskState, counts: Partial<Pick<ViolationDetectedFrame, "violation_counts" | "finding_counts">>): void {
  state.counts = counts.violation_counts ?? state.counts;
  state.findingCounts = counts.finding_counts ?? state.findingCounts;
}

function sorted(lines: LogLine[]): LogLine[] {
  const bySeq = new Map(lines.map((line) => [line.log_seq, line]));
  return [...bySeq.values()].sort((a, b) => a.log_seq - b.log_seq);
}

/** A violation of an event or a snapshot in the flat shape of REST. */
export function flatten(frame: SnapshotViolation | ViolationDetectedFrame, createdAt: string): KnownViolation {
  const beside = Object.fromEntries(VIOLATION_FIELDS.map((name) => [name, frame[name as keyof typeof frame] ?? null]));
  return { ...frame.violation, ...(beside as unknown as KnownViolation), created_at: createdAt };
}

function picked<T>(frame: object, names: readonly string[]): T {
  const fields = Object.entries(frame).filter(([name]) => names.includes(name));
  return Object.fromEntries(fields) as T;
}

/** What each type of event changes: complete, or it does not compile. */
const CHANGES: { [T in TaskEvent["type"]]: (state: TaskState, frame: FrameOf<T>) => void } = {
  task_created() {}, // it is there already
  task_started(state, frame) {
    state.status = "running";
    state.attempt = frame.attempt;
    state.startedAt ??= frame.timestamp; // a requeue keeps it
    state.worker = { id: frame.worker_id ?? null, state: "alive", last_heartbeat_at: frame.timestamp };
    state.queuePosition = null;
  },
  task_progress(state, frame) {
    state.progress = Math.max(state.progress, frame.progress);
    state.stageKey = frame.stage_key;
    state.message = frame.message;
    state.etaRangeS = etaOf(frame);
    const reached: Partial<Record<string, number>> = { ...frame.stages_progress, [frame.stage_key]: frame.stage_progress };
    state.stages = state.stages.map((stage) => ({ ...stage, progress: Math.max(stage.progress, reached[stage.key] ?? 0) }));
    for (const [count, name] of Object.entries(STATISTIC_OF_COUNT)) {
      const number = frame.counts?.[count];
      if (number !== undefined) state.statistics = { ...state.statistics, [name]: number };
    }
  },
  task_stage(state, { stage_key: key, status, timestamp: at }) {
    state.stages = state.stages.map((stage) => (stage.key === key ? moved(stage, status, at) : stage));
  },
  violation_detected(state, frame) {
    takeCounts(state, frame);
    state.statistics = { ...state.statistics, total_violations: state.counts.total ?? 0 };
    state.addViolation(flatten(frame, frame.timestamp));
  },
  finding_changed(state, frame) {
    takeCounts(state, frame);
    state.changeFinding(frame.domain, frame.kinds ?? [], frame);
  },
  task_logs(state, frame) {
    state.logCounts = { ...state.logCounts };
    for (const { level } of frame.logs) state.logCounts[level] = (state.logCounts[level] ?? 0) + 1;
    state.addLines(frame.logs);
  },
  logs_dropped() {}, // the numbers of the lines show the gap
  task_warning(state, frame) {
    const warning = picked<SnapshotWarning>(frame, [...WARNING_FIELDS, "attempt"]);
    state.warnings = [...state.warnings, warning].slice(-MAX_WARNINGS);
    if (frame.code === "worker_suspect") state.worker = { ...state.worker, state: "suspect" };
  },
  task_error(state, frame) {
    state.error = picked<ErrorInfo>(frame, ERROR_FIELDS);
  },
  task_cancelling(state, frame) {
    state.status = "cancelling";
    state.endedBy = frame.by;
  },
  task_retrying(state, frame) {
    if (frame.reason === WORKER_LOST) resumeFromCheckpoint(state);
    else state.reset();
    state.status = "pending";
    state.attempt = frame.next_attempt;
    state.completedAt = state.endedBy = null;
    state.worker = { ...state.worker, id: null, state: "none" };
  },
  task_completed(state, frame) {
    state.status = frame.status;
    state.statistics = frame.statistics;
    state.error = frame.error ?? state.error;
    state.verdict = frame.verdict ?? null;
    state.completedAt = frame.timestamp;
    state.worker = { ...state.worker, id: null, state: "none" };
    state.queuePosition = null;
  },
};

function etaOf(frame: FrameOf<"task_progress">): [number, number] | null {
  const { eta_s: eta, eta_min_s: least, eta_max_s: most } = frame;
  if (typeof least === "number" && typeof most === "number") return [least, most];
  return typeof eta === "number" ? [eta, eta] : null;
}

function moved(stage: SnapshotStage, status: FrameOf<"task_stage">["status"], at: string): SnapshotStage {
  if (status === "running") return { ...stage, status, started_at: stage.started_at ?? at, finished_at: null };
  const progress = status === "completed" || status === "skipped" ? 100 : stage.progress;
  return { ...stage, status, progress, finished_at: at };
}

function resumeFromCheckpoint(state: TaskState): void {
  state.stages = state.stages.map((stage) => (stage.status === "running" ? { ...stage, status: "pending" } : stage));
  state.error = null;
  state.verdict = null;
  state.warnings = [];
}
