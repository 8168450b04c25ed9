/** When to come back after a connection has ended, and when not to (protocol, "Close codes"). */

import { FIRST_STOPPING_CODE, STOP_REASONS } from "../generated/contract";
import type { ReconnectAdvice, TokenExpiring } from "../generated/frames";

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const MAX_DOUBLINGS = 16; // beyond it the limit is long reached, and 2 ** n would lose its meaning
const USER_DISABLED = "user_disabled";
const LOGGED_OUT = 4500;
const CLOSED_BY_ADMIN = "closed_by_admin"; // of that code: this connection alone is over, not the session

/** Why not to come back after a close; null: come back. Whether the token is still good, the next ticket shows. */
export function stopReason(code: number, reason: string): string | null {
  if (code === LOGGED_OUT && reason === CLOSED_BY_ADMIN) return reason;
  if (code >= FIRST_STOPPING_CODE) return (STOP_REASONS as Record<string, string>)[code] ?? "stopped";
  return code === 1008 && reason === USER_DISABLED ? reason : null;
}

/** Full jitter: anything from nothing to the limit, which doubles with every try. `chance` is 0..1. */
export function reconnectDelay(tries: number, chance: number): number {
  return chance * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(tries, MAX_DOUBLINGS));
}

/** How long to wait with the new token: not everybody who is warned at once may ask at once. `chance` is 0..1. */
export function renewalDelay(warning: TokenExpiring, chance: number): number {
  return (chance * Math.max(0, Date.parse(warning.expires_at) - Date.parse(warning.timestamp))) / 2;
}

/** Counts the tries of one client, and knows what the server said about the next one. */
export class RetryPolicy {
  #random: () => number;
  #tries = 0;
  #advice: ReconnectAdvice | null = null; // for the next wait
  #holdMs = 0; // of the last fatal error, or of a refused ticket

  /** `random()`: 0..1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The server is about to restart and says when to come back. */
  advise(advice: ReconnectAdvice): void {
    this.#advice = advice;
  }

  /** Do not come back sooner than after so much. */
  hold(ms: number): void {
    this.#holdMs = ms;
  }

  /** A connection held, or the user asks for one: the waiting times begin anew. */
  reset(): void {
    this.#tries = 0;
  }

  /** The next waiting time in ms; counts as a try. */
  nextDelay(): number {
    const delay = this.#holdMs + this.#jitter(this.#random());
    this.#advice = null;
    this.#holdMs = 0;
    this.#tries += 1;
    return delay;
  }

  #jitter(chance: number): number {
    if (this.#advice === null) return reconnectDelay(this.#tries, chance);
    const { delay_min_ms: least, delay_max_ms: most } = this.#advice;
    return least + chance * (most - least);
  }
}
