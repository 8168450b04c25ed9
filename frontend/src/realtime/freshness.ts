/** How fresh what is shown is, as people should be told. */

import type { ConnectionStatus } from "./client";

// A living connection hears something every 9 s, if only a pong; younger than this is simply live.
const STALE_AFTER_S = 13;

/** `ageS`: whole seconds since anything came; null: nothing ever did. `inS`: whole seconds until the next try. */
export type Freshness =
  | { kind: "live" | "stale" | "connecting" | "stopped"; ageS: number | null }
  | { kind: "waiting"; ageS: number | null; inS: number };

export function freshnessOf(status: ConnectionStatus, now: number): Freshness {
  const ageS = status.lastFrameAt === null ? null : Math.max(0, Math.floor((now - status.lastFrameAt) / 1_000));
  switch (status.phase) {
    case "online":
      return { kind: ageS !== null && ageS > STALE_AFTER_S ? "stale" : "live", ageS };
    case "waiting":
      return { kind: "waiting", ageS, inS: Math.max(0, Math.ceil(((status.retryAt ?? now) - now) / 1_000)) };
    case "stopped":
      return { kind: "stopped", ageS };
    case "idle":
    case "connecting":
      return { kind: "connecting", ageS };
  }
}
