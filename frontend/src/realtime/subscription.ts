/**
 * The client's rule for one followed task (protocol, "The rule"), without any I/O.
 *
 * The owner sends what `nextCommand` gives, hands every frame of the task to `receive`, and does what the verdict says:
 *
 * - "apply"     a snapshot, or a followed frame in order: change the state by it
 * - "notice"    an event told to the user's connections; never moves the position
 * - "ignore"    a duplicate, or something that came before the answer to the command in flight
 * - "settled"   the command in flight was answered; ask for the next command
 * - "gap"       something is missing; ask for the next command
 * - "lost"      the server does not let this task be followed: `lostCode` says why
 */

import { FINAL_REFUSALS, NOTICE_TYPES } from "../generated/contract";
import type { ErrorFrame, ResultError, SubscriptionResult } from "../generated/frames";
import type { ClientCommand, TaskFrame, Topic } from "./protocol";

/** A command without an answer is sent again after this time. */
export const ANSWER_TIMEOUT_MS = 10_000;
export const RETRY_MS = 1_000; // after a refusal; doubled each time
export const MAX_RETRY_MS = 30_000;

export type Verdict = "apply" | "notice" | "ignore" | "settled" | "gap" | "lost";
/** Of the server's refusal. "unsubscribed": the right to follow has ended. */
export type LostCode = ResultError["code"] | "unsubscribed";
export interface SubscriptionOptions {
  topics: Topic[];
  /** How many log lines a snapshot brings, 0 to 1,000. */
  logTail: number;
}
type TaskCommand = Extract<ClientCommand, { type: "subscribe_task" | "resume" | "unsubscribe_task" }>;
type Position = { last_seq?: number; epoch?: string };

/** The number of an event; null for frames that have none (`logs_dropped`, the deletion of a row that is gone). */
export function seqOf(frame: TaskFrame): number | null {
  return "seq" in frame && Number.isInteger(frame.seq) ? (frame.seq as number) : null;
}

/** An event of a task that is not followed: numbered, but without a place after another. */
export function isNotice(frame: TaskFrame): boolean {
  const isPlaced = "prev_seq" in frame && Number.isInteger(frame.prev_seq);
  return NOTICE_TYPES.has(frame.type) && !isPlaced && seqOf(frame) !== null;
}

export class TaskSubscription {
  readonly taskId: string;
  readonly topics: Topic[];
  readonly logTail: number;
  /** False: unsubscribe, then forget. */
  wanted = true;
  /** Whether the server answered that it follows on this connection. */
  placed = false;
  /** Of the newest applied frame, reached under `topics`; null: only a snapshot will do. */
  last: number | null = null;
  /** Of the log that `last` counts in; null: the server has not named one. */
  epoch: string | null = null;
  /** Why it was lost; set with the verdict "lost". */
  lostCode: LostCode | null = null;
  /** The one command without an answer. `isVoid`: its answer places the server, but not us. */
  #inFlight: { id: string; type: TaskCommand["type"]; sentAt: number; isVoid: boolean } | null = null;
  #gap = false;
  #refusals = 0; // in a row
  #notBefore = 0; // clock time; the next command waits until then

  constructor(taskId: string, { topics, logTail }: SubscriptionOptions) {
    this.taskId = taskId;
    this.topics = topics;
    this.logTail = logTail;
  }

  /** Takes the place of a subscription of the same task, with other topics perhaps: it begins with a snapshot. */
  static after(previous: TaskSubscription, options: SubscriptionOptions): TaskSubscription {
    const subscription = new TaskSubscription(previous.taskId, options);
    subscription.placed = previous.placed;
    subscription.#gap = true;
    subscription.#inFlight = previous.#inFlight && { ...previous.#inFlight, isVoid: true };
    return subscription;
  }

  /** Nothing is left to say to the server. */
  get finished(): boolean {
    return !this.wanted && !this.placed && this.#inFlight === null;
  }

  /** The connection is gone: the server has forgotten everything of it. The position stays. */
  disconnected(): void {
    this.placed = false;
    this.#inFlight = null;
    this.#gap = false;
    this.#notBefore = 0;
  }

  /** The command that is due at `now` (ms), or null. `newId` makes the ids of commands. */
  nextCommand(now: number, newId: () => string): TaskCommand | null {
    if (this.#inFlight !== null && now - this.#inFlight.sentAt < ANSWER_TIMEOUT_MS) return null;
    if (now < this.#notBefore) return null;
    const command = this.#command();
    if (command === null) {
      this.#inFlight = null;
      return null;
    }
    const id = newId();
    this.#inFlight = { id, type: command.type, sentAt: now, isVoid: false };
    return { ...command, id };
  }

  #command(): TaskCommand | null {
    const task_id = this.taskId;
    // A command that got no answer may have been carried out: what is wanted now is said anew in either case.
    const unsure = this.#inFlight !== null;
    if (!this.wanted) return this.placed || unsure ? { type: "unsubscribe_task", task_id } : null;
    if (this.placed && this.#gap && this.last !== null) {
      return { type: "resume", task_id, last_seq: this.last, ...this.#epochOfPosition() };
    }
    if (this.placed && !this.#gap && !unsure) return null;
    return { type: "subscribe_task", task_id, topics: this.topics, log_tail: this.logTail, ...this.#position() };
  }

  #position(): Position {
    return this.last === null ? {} : { last_seq: this.last, ...this.#epochOfPosition() };
  }

  #epochOfPosition(): Position {
    return this.epoch === null ? {} : { epoch: this.epoch };
  }

  receive(frame: TaskFrame): Verdict {
    if (frame.type === "subscription_result") return this.#result(frame);
    if (isNotice(frame)) return "notice";
    if (this.#inFlight !== null || !this.placed) return "ignore";
    if (frame.type === "task_snapshot") {
      this.epoch = frame.epoch;
      return this.#moveTo(frame.seq);
    }
    return this.#event(seqOf(frame), "prev_seq" in frame ? (frame.prev_seq ?? null) : null);
  }

  #event(seq: number | null, prevSeq: number | null): Verdict {
    if (seq === null) return "apply";
    if (this.last !== null && seq <= this.last) return "ignore";
    if (this.last !== null && prevSeq !== null && prevSeq <= this.last) return this.#moveTo(seq);
    this.#gap = true;
    return "gap";
  }

  /** An `error` frame. "ignore" unless it has the id of the command in flight. */
  refuse(frame: ErrorFrame, now: number): Verdict {
    if (!frame.id || this.#inFlight?.id !== frame.id) return "ignore";
    this.#inFlight = null;
    return this.#refused(frame.code, now, frame.retry_after_ms ?? 0);
  }

  #result(frame: SubscriptionResult): Verdict {
    if (this.#inFlight === null) {
      return frame.action === "unsubscribe" && frame.success ? this.#lose(frame.error?.code ?? "unsubscribed") : "ignore";
    }
    if (frame.id !== this.#inFlight.id) return "ignore";
    const { type, sentAt, isVoid } = this.#inFlight;
    this.#inFlight = null;
    if (type === "unsubscribe_task") return this.#unplaced(); // also when it says `not_subscribed`
    if (!frame.success) {
      const code = frame.error?.code ?? "internal";
      // A resume that came too late: subscribe again, at the same position.
      return code === "not_subscribed" ? this.#unplaced() : this.#refused(code, sentAt, 0);
    }
    this.placed = true;
    this.#gap = isVoid;
    this.#refusals = 0;
    this.epoch = frame.epoch;
    if (!frame.recovered) this.last = null; // the snapshot that follows says where we are
    return "settled";
  }

  #unplaced(): Verdict {
    this.placed = false;
    return "settled";
  }

  #refused(code: ResultError["code"], now: number, retryAfterMs: number): Verdict {
    if (FINAL_REFUSALS.has(code)) return this.#lose(code);
    this.#notBefore = now + Math.max(retryAfterMs, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#refusals));
    this.#refusals += 1;
    return "settled";
  }

  #moveTo(seq: number): Verdict {
    this.last = seq;
    this.#gap = false;
    return "apply";
  }

  #lose(code: LostCode): Verdict {
    this.wanted = false;
    this.placed = false;
    this.lostCode = code;
    return "lost";
  }
}
