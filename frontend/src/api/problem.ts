/** Calls of REST that failed, as the page tells of them. */

import type { Problem } from "@/generated/rest";

const MS_PER_S = 1_000;
const FIRST_GATEWAY_STATUS = 502; // made by a proxy, whose body may be anything

/** `code`: of the problem details, or "network" (no answer) or "slow" (none in time). `status` is 0 then. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** What the server says; null when it said nothing that is fit for people. */
  readonly detail: string | null;
  /** Names of the fields that were refused. */
  readonly fields: string[];
  /** Why each was, in words, by its name. */
  readonly faults: Record<string, string>;
  /** Do not ask again sooner than after so much; 0: the server did not say. */
  readonly retryAfterMs: number;

  constructor(status: number, code: string, more: { detail?: string | null; faults?: Record<string, string>; retryAfterMs?: number } = {}) {
    super(more.detail ?? code);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? null;
    this.faults = more.faults ?? {};
    this.fields = Object.keys(this.faults);
    this.retryAfterMs = more.retryAfterMs ?? 0;
  }
}

/** The error in an answer. */
export async function problemOf(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const unknown = answer.status >= FIRST_GATEWAY_STATUS ? "unavailable" : "internal";
  const seconds = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10); // a date is no number: nobody waits then
  return new ApiError(answer.status, typeof body.code === "string" ? body.code : unknown, {
    detail: body.detail ?? null,
    faults: Object.fromEntries((body.errors ?? []).map(({ field, message }) => [field.replace(/^body\./, ""), message])),
    retryAfterMs: Number.isFinite(seconds) ? seconds * MS_PER_S : 0,
  });
}
