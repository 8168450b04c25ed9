/**
 * Whether a connection still lives. Nothing but a ping without an answer says that it does not: the timers of a tab in
 * the background come once a minute, and a machine that slept has heard nothing meanwhile.
 */

// A dead connection is shown within 20 s, the owner's ticks of a second included.
const PING_AFTER_MS = 9_000;
const ANSWER_WITHIN_MS = 8_000;

export type Pulse = "alive" | "ask" | "dead";

export class Heartbeat {
  #lastFrameAt = 0;
  #askedAt: number | null = null; // when the ping without an answer was sent

  /** Anything came: a frame of any type is a sign of life. */
  heard(now: number): void {
    this.#lastFrameAt = now;
    this.#askedAt = null;
  }

  /** "ask": send a ping now. It is said once, until something comes. */
  check(now: number): Pulse {
    if (this.#askedAt !== null) return now - this.#askedAt > ANSWER_WITHIN_MS ? "dead" : "alive";
    return now - this.#lastFrameAt > PING_AFTER_MS ? this.ask(now) : "alive";
  }

  /** Asks at once, unless an answer is waited for. */
  ask(now: number): Pulse {
    if (this.#askedAt !== null) return "alive";
    this.#askedAt = now;
    return "ask";
  }
}
