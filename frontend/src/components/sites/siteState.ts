/** How a site stands, in one word and one line. */

import type { SiteHead } from "@/generated/rest";
import type { Texts } from "@/texts";

import { dayNames, said } from "./siteForm";

export interface SiteState {
  /** What it is coloured by: a verdict, a status, or `new`. */
  kind: string;
  text: string;
}

/** What its last scan claims, or that one is under way. One that did not come to its end is never called clean. */
export function stateOf({ unfinished, last_scan: last }: SiteHead, { t, code }: Pick<Texts, "t" | "code">): SiteState {
  if (unfinished?.status === "running") return { kind: "running", text: t("sites.running", { progress: unfinished.progress }) };
  if (unfinished) return { kind: "pending", text: code("status", unfinished.status) };
  if (last === null) return { kind: "new", text: t("sites.never") };
  if (last.status !== "completed") return { kind: last.status, text: code("status", last.status) };
  const result = last.verdict?.result ?? "inconclusive";
  return { kind: result, text: code("verdict", result) };
}

/** "Every day at 03:00 (Asia/Shanghai)". */
export function scheduleText(site: Pick<SiteHead, "schedule">, { t, language }: Pick<Texts, "t" | "language">): string {
  const schedule = said(site.schedule);
  switch (schedule.kind) {
    case "none": return t("sites.no_schedule");
    case "hours": return t("sites.every_hours", { count: schedule.hours });
    case "daily": return t("sites.every_day", { time: schedule.time, zone: schedule.zone });
    case "weekly": return t("sites.every_week", { days: dayNames(schedule.days, language.value), time: schedule.time, zone: schedule.zone });
    case "cron": return t("sites.by_cron", { cron: schedule.cron, zone: schedule.zone });
  }
}

/** Points of a line through the counts in a box of this size; flat at the bottom when nothing was open. */
export function sparkPoints(counts: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length - 1);
  return counts.map((count, place) => `${round(place * step)},${round(height - (count / most) * height)}`).join(" ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
