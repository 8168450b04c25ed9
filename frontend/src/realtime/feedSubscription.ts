/**
 * The client's rule for the user's notifications (protocol, "Follow notifications"), without any I/O.
 *
 * The owner sends what `nextCommand` gives, hands every frame of the topic to `receive`, and does what the verdict says:
 *
 * - "notification"  the next one, in order
 * - "state"         how many are unread, and the newest number; all notifications up to it came before
 * - "reset"         what follows comes after `last`: the list up to there is to be read anew
 * - "ignore"        a duplicate, or something that came before the answer to the command in flight
 * - "settled"       the command in flight was answered; ask for the next command
 * - "gap"           something is missing; ask for the next command
 * - "refused"       they do not come over this connection; the next one is asked again
 */

import { FINAL_REFUSALS } from "../generated/contract";
import type { ErrorFrame, ResultError, TopicResult } from "../generated/frames";
import type { ClientCommand, FeedFrame } from "./protocol";
import { ANSWER_TIMEOUT_MS, MAX_RETRY_MS, RETRY_MS } from "./subscription";

export type FeedVerdict = "notification" | "state" | "reset" | "ignore" | "settled" | "gap" | "refused";
type FeedCommand = Extract<ClientCommand, { type: "subscribe" | "unsubscribe" }>;

export class FeedSubscription {
  /** False: unsubscribe, then forget. */
  wanted = true;
  /** Whether the server answered that it is followed on this connection. */
  placed = false;
  /** The number of the newest notification that came, or from which it began; null: begin with what is new. */
  last: number | null = null;
  /** Of the log that `last` counts in; null: the server has not named one. */
  epoch: string | null = null;
  #userId: string | null = null; // whose numbers `last` counts
  #isRefused = false; // until the next connection
  #inFlight: { id: string; type: FeedCommand["type"]; sentAt: number } | null = null;
  #gap = false;
  #refusals = 0; // in a row
  #notBefore = 0; // clock time; the next command waits until then

  get finished(): boolean {
    return !this.wanted && !this.placed && this.#inFlight === null;
  }

  /** A connection was opened: the numbers of another user are no position. */
  enter(userId: string): void {
    if (this.#userId !== userId) this.last = null;
    this.#userId = userId;
  }

  /** The connection is gone: the server has forgotten everything of it. The position stays. */
  disconnected(): void {
    this.placed = false;
    this.#isRefused = false;
    this.#inFlight = null;
    this.#gap = false;
    this.#refusals = 0;
    this.#notBefore = 0;
  }

  /** The command that is due at `now` (ms), or null. `newId` makes the ids of commands. */
  nextCommand(now: number, newId: () => string): FeedCommand | null {
    if (this.#inFlight !== null && now - this.#inFlight.sentAt < ANSWER_TIMEOUT_MS) return null;
    if (now < this.#notBefore || this.#isRefused) return null;
    const command = this.#command();
    if (command === null) {
      this.#inFlight = null;
      return null;
    }
    const id = newId();
    this.#inFlight = { id, type: command.type, sentAt: now };
    return { ...command, id };
  }

  #command(): FeedCommand | null {
    const unsure = this.#inFlight !== null; // no answer came: it may have been carried out
    if (!this.wanted) return this.placed || unsure ? { type: "unsubscribe", topic: "notifications" } : null;
    if (this.placed && !this.#gap && !unsure) return null;
    const position = this.last === null ? {} : { last_seq: this.last, ...(this.epoch === null ? {} : { epoch: this.epoch }) };
    return { type: "subscribe", topic: "notifications", ...position };
  }

  receive(frame: FeedFrame): FeedVerdict {
    if (frame.type === "topic_result") return this.#result(frame);
    if (this.#inFlight !== null || !this.placed) return "ignore";
    if (frame.type === "notification_state") return "state";
    if (this.last === null || frame.seq <= this.last) return "ignore";
    if (frame.prev_seq > this.last) {
      this.#gap = true;
      return "gap";
    }
    this.last = frame.seq;
    return "notification";
  }

  /** An `error` frame. "ignore" unless it has the id of the command in flight. */
  refuse(frame: ErrorFrame, now: number): FeedVerdict {
    if (!frame.id || this.#inFlight?.id !== frame.id) return "ignore";
    this.#inFlight = null;
    return this.#refused(frame.code, now, frame.retry_after_ms ?? 0);
  }

  #result(frame: TopicResult): FeedVerdict {
    if (!frame.id) return this.#unasked(frame);
    if (frame.id !== this.#inFlight?.id) return "ignore";
    const { type, sentAt } = this.#inFlight;
    this.#inFlight = null;
    if (type === "unsubscribe") {
      this.placed = false; // also when it says `not_subscribed`
      return "settled";
    }
    return frame.success ? this.#place(frame) : this.#refused(frame.error?.code ?? "internal", sentAt, 0);
  }

  /** A backup was restored, or the feed can no longer be read. */
  #unasked(frame: TopicResult): FeedVerdict {
    if (this.#inFlight !== null || !this.placed) return "ignore";
    if (frame.action === "subscribe") return this.#place(frame);
    this.placed = false;
    this.#isRefused = true;
    return "refused";
  }

  #place(frame: TopicResult): FeedVerdict {
    this.placed = true;
    this.#gap = false;
    this.#refusals = 0;
    this.epoch = frame.epoch;
    if (frame.recovered) return "settled";
    this.last = frame.seq ?? 0;
    return "reset";
  }

  #refused(code: ResultError["code"], now: number, retryAfterMs: number): FeedVerdict {
    if (FINAL_REFUSALS.has(code)) {
      this.placed = false;
      this.#isRefused = true;
      return "refused";
    }
    this.#notBefore = now + Math.max(retryAfterMs, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#refusals));
    this.#refusals += 1;
    return "settled";
  }
}
