/** Frames as the server would send them. */

import { NO_STATISTICS, NO_VIOLATIONS } from "@/generated/contract";
import type { RiskLevel, SnapshotStage, StageKey, TaskSnapshot, ViolationKey } from "@/generated/frames";
import type { Counts, FrameOf } from "@/realtime";

export const TASK = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10";
export const OTHER_TASK = "019b7a41-03d2-7f60-8a1b-6f0f6a0c9e42";
export const STAGES: StageKey[] = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"];
const AT = "2026-01-01T00:00:00.000Z";

export function at(second: number): string {
  return new Date(Date.parse(AT) + second * 1_000).toISOString();
}

export function snapshot(seq: number, more: Partial<TaskSnapshot> = {}): TaskSnapshot {
  const stage = (key: StageKey): SnapshotStage => ({
    key, name: key, status: "pending", progress: 0, started_at: null, finished_at: null,
  });
  return {
    type: "task_snapshot", timestamp: at(seq), task_id: TASK, seq, epoch: "0", min_seq: 1, status: "running", attempt: 1,
    progress: 0, stage: null, stage_key: null, stages: STAGES.map(stage), statistics: { ...NO_STATISTICS },
    violations: { ...NO_VIOLATIONS, recent: [] }, findings: { ...NO_VIOLATIONS }, log_counts: {}, warnings: [], logs: [], target_domain: "corp.test",
    worker: { id: "w", state: "alive", last_heartbeat_at: at(seq) }, created_at: at(0), started_at: at(1),
    completed_at: null, ...more,
  };
}

/** What events of a followed task have in common. */
function head(seq: number, prevSeq: number | null) {
  return { task_id: TASK, seq, ...(prevSeq === null ? {} : { prev_seq: prevSeq }), attempt: 1, timestamp: at(seq) };
}

export function progress(seq: number, percent: number, prevSeq: number | null = seq - 1): FrameOf<"task_progress"> {
  return {
    type: "task_progress", ...head(seq, prevSeq), progress: percent, stage: "Page crawl", message: "crawling",
    stage_key: "page_crawl", stage_index: 2, stage_progress: percent, counts: { pages: percent },
  };
}

export function logs(seq: number, from: number, count: number, prevSeq: number | null = seq - 1): FrameOf<"task_logs"> {
  const line = (number: number) => ({
    log_seq: number, level: "INFO" as const, module: "crawl", message: `line ${number}`, created_at: at(seq),
  });
  return { type: "task_logs", ...head(seq, prevSeq), logs: Array.from({ length: count }, (_, index) => line(from + index)) };
}

/** The `counts` after it, of violations as of findings; without any it is the only one. */
export function violation(seq: number, id: string, prevSeq: number | null = seq - 1, counts: Counts = { total: 1, high: 1 }): FrameOf<"violation_detected"> {
  return {
    violation_counts: { ...NO_VIOLATIONS, ...counts }, finding_counts: { ...NO_VIOLATIONS, ...counts },
    type: "violation_detected", ...head(seq, prevSeq), violation_id: id, finding_id: `gambling.${id}.test`, violation_key: "gambling", needs_review: false,
    violation: {
      domain: `${id}.test`, violation_type: "Gambling", risk_level: "high", confidence_score: 0.9, description: "bets",
    },
  };
}

/** The second violation of what `violation` tells of under the same id: a link to it that is hidden. */
export function hiddenLink(seq: number, id: string, finding: "gambling" | "hidden_link"): FrameOf<"violation_detected"> {
  const { violation: content, ...more } = violation(seq, `hidden-${id}`);
  return { ...more, violation_key: "hidden_link", finding_id: `${finding}.${id}.test`, violation: { ...content, domain: `${id}.test` } };
}

/** `kinds`: of the finding's violations, its cause first. */
export function findingChanged(seq: number, domain: string, kinds: ViolationKey[], risk: RiskLevel, counts: Counts): FrameOf<"finding_changed"> {
  return {
    type: "finding_changed", ...head(seq, seq - 1), finding_id: `${kinds[0]}.${domain}`, domain, kinds, risk_level: risk, score: 80,
    violation_counts: { ...NO_VIOLATIONS, ...counts }, finding_counts: { ...NO_VIOLATIONS, ...counts },
  };
}

export function completed(seq: number, prevSeq: number | null = seq - 1): FrameOf<"task_completed"> {
  return {
    type: "task_completed", ...head(seq, prevSeq), status: "completed", message: "done",
    statistics: { ...NO_STATISTICS, total_violations: 1 }, verdict: { result: "violations", reasons: [] },
  };
}

export function stage(seq: number, key: StageKey, status: FrameOf<"task_stage">["status"]): FrameOf<"task_stage"> {
  return { type: "task_stage", ...head(seq, seq - 1), stage_key: key, stage: key, status };
}

export function retrying(seq: number, reason: string): FrameOf<"task_retrying"> {
  return { type: "task_retrying", ...head(seq, seq - 1), by: "system", reason, next_attempt: 2 };
}

export function established(epoch = "0"): FrameOf<"connection_established"> {
  return {
    type: "connection_established", timestamp: at(0), connection_id: "c", message: "welcome", user_id: "u", protocol: 1,
    epoch, server_time: at(0), heartbeat: { interval_s: 25, timeout_s: 60 }, limits: {}, token_expires_at: at(3_600),
  };
}
