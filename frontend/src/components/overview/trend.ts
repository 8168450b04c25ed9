/** What the chart of findings over time is drawn from. */

import { RISK_LEVELS } from "@/generated/contract";
import type { TrendPoint } from "@/generated/rest";

export interface TrendLine {
  risk: (typeof RISK_LEVELS)[number];
  values: number[];
}

/** One line for each risk, the lowest first: they are stacked, and the worst lies on top. */
export function linesOf(points: readonly TrendPoint[]): TrendLine[] {
  return [...RISK_LEVELS].reverse().map((risk) => ({ risk, values: points.map(({ finding_counts: counts }) => counts[risk] ?? 0) }));
}

/** "11月25日" or "Nov 25" of a day in UTC. */
export function dayName(day: string, language: string): string {
  return new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}
