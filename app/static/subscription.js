/**
 * The client's rule for one followed task (protocol, section 2), without any I/O.
 *
 * The owner sends what `nextCommand` gives, hands every frame of the task to `receive`, and does what the verdict says:
 *
 * - "apply"     a followed frame in order, or a snapshot: change the state by it
 * - "notice"    an event told to the user's connections; never moves the position
 * - "ignore"    a duplicate, or something that came before the answer to the command in flight
 * - "settled"   the command in flight was answered; ask for the next command
 * - "gap"       something is missing; ask for the next command
 * - "lost"      the server does not let this task be followed: `lostCode` says why
 */

import { FINAL_REFUSALS, NOTICE_TYPES } from "./contract.js";

/** A command without an answer is sent again after this time. */
export const ANSWER_TIMEOUT_MS = 10_000;
const RETRY_MS = 1_000; // after a refusal; doubled each time
const MAX_RETRY_MS = 30_000;

/** An event of a task that is not followed: numbered, but without a place after another. */
export function isNotice(frame) {
  return NOTICE_TYPES.has(frame.type) && frame.prev_seq === undefined && Number.isInteger(frame.seq);
}

export class TaskSubscription {
  /** `topics`: subset of "progress" and "logs". `logTail`: how many lines a snapshot brings. */
  constructor(taskId, { topics, logTail }) {
    this.taskId = taskId;
    this.topics = topics;
    this.logTail = logTail;
    this.wanted = true; // false: unsubscribe, then forget
    this.placed = false; // the server answered that it follows on this connection
    this.last = null; // seq of the newest applied frame, reached under `topics`; null: only a snapshot will do
    this.epoch = null; // of the log that `last` counts in; null: the server has not named one
    this.lostCode = null;
    this.inFlight = null; // {id, type, sentAt, void}: the one command without an answer
    this.gap = false;
    this.refusals = 0; // in a row
    this.notBefore = 0; // clock time; the next command waits until then
  }

  /** Takes the place of a subscription of the same task, with other topics perhaps: it begins with a snapshot. */
  static after(previous, options) {
    const subscription = new TaskSubscription(previous.taskId, options);
    subscription.placed = previous.placed;
    subscription.gap = true;
    // An answer to what the previous one asked places the server, but not us.
    subscription.inFlight = previous.inFlight && { ...previous.inFlight, void: true };
    return subscription;
  }

  /** Nothing is left to say to the server. */
  get finished() {
    return !this.wanted && !this.placed && !this.inFlight;
  }

  /** The connection is gone: the server has forgotten everything of it. The position stays. */
  disconnected() {
    this.placed = false;
    this.inFlight = null;
    this.gap = false;
    this.notBefore = 0;
  }

  /** The command that is due now, or null. `newId` makes the ids of commands. */
  nextCommand(now, newId) {
    if (this.inFlight && now - this.inFlight.sentAt < ANSWER_TIMEOUT_MS) return null;
    if (now < this.notBefore) return null;
    const command = this.#command();
    if (!command) {
      this.inFlight = null;
      return null;
    }
    const id = newId();
    this.inFlight = { id, type: command.type, sentAt: now, void: false };
    return { ...command, task_id: this.taskId, id };
  }

  #command() {
    // A command that got no answer may have been carried out: what is wanted now is said anew in either case.
    const unsure = this.inFlight !== null;
    if (!this.wanted) return this.placed || unsure ? { type: "unsubscribe_task" } : null;
    if (this.placed && this.gap && this.last !== null) return { type: "resume", ...this.#place() };
    if (this.placed && !this.gap && !unsure) return null;
    return { type: "subscribe_task", topics: this.topics, log_tail: this.logTail, ...this.#place() };
  }

  #place() {
    if (this.last === null) return {};
    return this.epoch === null ? { last_seq: this.last } : { last_seq: this.last, epoch: this.epoch };
  }

  receive(frame) {
    if (frame.type === "subscription_result") return this.#result(frame);
    if (isNotice(frame)) return "notice";
    if (this.inFlight || !this.placed) return "ignore";
    if (frame.type === "task_snapshot") {
      this.epoch = frame.epoch ?? null;
      return this.#moveTo(frame.seq);
    }
    if (!Number.isInteger(frame.seq)) return "apply"; // logs_dropped; task_deleted of a row that is gone
    if (this.last !== null && frame.seq <= this.last) return "ignore";
    if (this.last !== null && frame.prev_seq <= this.last) return this.#moveTo(frame.seq);
    this.gap = true;
    return "gap";
  }

  /** An `error` frame. "ignore" unless it has the id of the command in flight. */
  refuse(frame, now) {
    if (frame.id === undefined || this.inFlight?.id !== frame.id) return "ignore";
    this.inFlight = null;
    return this.#refused(frame.code, now, frame.retry_after_ms ?? 0);
  }

  #result(frame) {
    if (!this.inFlight) return frame.action === "unsubscribe" && frame.success ? this.#lose("not_found") : "ignore";
    if (frame.id !== this.inFlight.id) return "ignore";
    const { type, sentAt, void: isVoid } = this.inFlight;
    this.inFlight = null;
    if (type === "unsubscribe_task") return this.#unplaced(); // also when it says `not_subscribed`
    if (!frame.success) {
      // A resume that came too late: subscribe again, at the same position.
      return frame.error?.code === "not_subscribed" ? this.#unplaced() : this.#refused(frame.error?.code, sentAt, 0);
    }
    this.placed = true;
    this.gap = isVoid;
    this.refusals = 0;
    this.epoch = frame.epoch ?? null;
    if (!frame.recovered) this.last = null; // the snapshot that follows says where we are
    return "settled";
  }

  #unplaced() {
    this.placed = false;
    return "settled";
  }

  #refused(code, now, retryAfterMs) {
    if (FINAL_REFUSALS.has(code)) return this.#lose(code);
    this.notBefore = now + Math.max(retryAfterMs, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.refusals));
    this.refusals += 1;
    return "settled";
  }

  #moveTo(seq) {
    this.last = seq;
    this.gap = false;
    return "apply";
  }

  #lose(code) {
    this.wanted = false;
    this.placed = false;
    this.lostCode = code;
    return "lost";
  }
}
