/** What the form of a site holds, and what is sent of it. */

import type { Schedule, SiteCreate, SiteHead, SiteUpdate } from "@/generated/rest";

import { SECONDS_PER_MINUTE, emptyForm, requestOf, type ScanForm } from "../scanOptions";

export const WEEKDAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;
export const SCHEDULE_KINDS = ["daily", "weekly", "hours", "cron", "none"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];
type Options = NonNullable<SiteCreate["config"]>;

export interface ScheduleForm {
  kind: ScheduleKind;
  /** "03:00", of `daily` and `weekly`. */
  time: string;
  days: Weekday[];
  zone: string;
  hours: number;
  cron: string;
}

export interface SiteForm extends ScheduleForm {
  group: string;
  /** Separated by spaces or commas. */
  tags: string;
  /** Null: chosen by the schedule. */
  overdueDays: number | null;
}

/** A schedule in its parts; `kind` "cron" is any that the other kinds do not say. */
export type SaidSchedule =
  | { kind: "none" }
  | { kind: "hours"; hours: number }
  | { kind: "daily"; time: string; zone: string }
  | { kind: "weekly"; time: string; zone: string; days: Weekday[] }
  | { kind: "cron"; cron: string; zone: string };

const NIGHT = "03:00";
const DAY_H = 24;

/** The browser's own time zone, as the server names it. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function emptySite(): SiteForm {
  return { kind: "daily", time: NIGHT, days: ["MON"], zone: ownZone(), hours: DAY_H, cron: "0 3 * * *", group: "", tags: "", overdueDays: null };
}

/** "0 3 * * MON,FRI": on these days at this time. */
export function said(schedule: SiteHead["schedule"]): SaidSchedule {
  if (schedule === null) return { kind: "none" };
  const { cron, time_zone: zone, every_hours: hours } = schedule;
  if (hours !== null) return { kind: "hours", hours };
  const [, minute, hour, weekdays] = /^(\d{1,2}) (\d{1,2}) \* \* (\S+)$/.exec(cron ?? "") ?? [];
  const days = weekdays?.toUpperCase().split(",") ?? [];
  const time = `${hour?.padStart(2, "0")}:${minute?.padStart(2, "0")}`;
  if (weekdays === "*") return { kind: "daily", time, zone };
  if (days.length > 0 && days.every(isWeekday)) return { kind: "weekly", time, zone, days };
  return { kind: "cron", cron: cron ?? "", zone };
}

function isWeekday(name: string): name is Weekday {
  return (WEEKDAYS as readonly string[]).includes(name);
}

export function siteForm(site: SiteHead): SiteForm {
  const common = { group: site.group ?? "", tags: site.tags.join(" "), overdueDays: site.overdue_after_days };
  return { ...emptySite(), ...common, ...said(site.schedule), cron: site.schedule?.cron ?? "0 3 * * *" };
}

/** The options by their fields of the form. */
const OPTION_OF = {
  own: "own_domains", startUrls: "start_urls", maxPages: "max_pages", maxDepth: "max_depth", minutes: "time_limit_s",
  passive: "use_passive_sources", screenshots: "screenshots", cloaking: "cloaking",
} as const satisfies Partial<Record<keyof ScanForm, keyof Options>>;

/** The scan options of a site, in the form of a new scan, as far as it can show them: a time in minutes, rounded up. */
export function optionsForm(site: SiteHead, defaults?: Parameters<typeof emptyForm>[1]): ScanForm {
  const config = site.config as Options;
  const form = emptyForm(site.target_domain, defaults);
  return {
    ...form,
    own: (config.own_domains ?? []).join("\n"),
    startUrls: (config.start_urls ?? []).join("\n"),
    maxPages: config.max_pages ?? null,
    maxDepth: config.max_depth ?? null,
    minutes: config.time_limit_s === undefined ? null : Math.ceil(config.time_limit_s / SECONDS_PER_MINUTE),
    passive: config.use_passive_sources ?? form.passive,
    screenshots: config.screenshots ?? form.screenshots,
    cloaking: config.cloaking ?? form.cloaking,
  };
}

/** Null: only on request. */
export function scheduleOf({ kind, time, days, zone, hours, cron }: ScheduleForm): Schedule | null {
  const [hour = "3", minute = "0"] = time.split(":").map((part) => String(Number(part)));
  switch (kind) {
    case "none": return null;
    case "hours": return { every_hours: hours };
    case "daily": return { cron: `${minute} ${hour} * * *`, time_zone: zone };
    case "weekly": return { cron: `${minute} ${hour} * * ${WEEKDAYS.filter((day) => days.includes(day)).join(",")}`, time_zone: zone };
    case "cron": return { cron: cron.trim(), time_zone: zone };
  }
}

function commonOf(form: SiteForm) {
  const tags = form.tags.split(/[\s,，;]+/).filter(Boolean);
  return { group: form.group.trim() || null, tags, schedule: scheduleOf(form), overdue_after_days: form.overdueDays };
}

export function creationOf(form: SiteForm, options: ScanForm, defaults: Parameters<typeof requestOf>[1]): SiteCreate {
  return { ...requestOf(options, defaults), ...commonOf(form) };
}

/** All options of a site, with those that were changed in the form; null: none was. What the form cannot show stays. */
function changedConfig(options: ScanForm, defaults: Parameters<typeof requestOf>[1], site: SiteHead): SiteUpdate["config"] {
  const before = optionsForm(site, defaults ?? undefined);
  const fields = Object.keys(OPTION_OF) as (keyof typeof OPTION_OF)[];
  const changed = fields.filter((field) => options[field] !== before[field]).map((field) => OPTION_OF[field]);
  if (changed.length === 0) return null;
  const sent = requestOf(options, defaults).config ?? {};
  const kept = Object.entries(site.config).filter(([name]) => !(changed as string[]).includes(name));
  return Object.fromEntries([...kept, ...changed.filter((name) => name in sent).map((name) => [name, sent[name]])]);
}

/** The schedule and the options are sent when they are others: a schedule that is sent is planned anew. */
export function changesOf(form: SiteForm, options: ScanForm, defaults: Parameters<typeof requestOf>[1], site: SiteHead): SiteUpdate {
  const { schedule, ...common } = commonOf(form);
  const before = scheduleOf(siteForm(site));
  const isSame = JSON.stringify(schedule) === JSON.stringify(before);
  const config = changedConfig(options, defaults, site);
  return { ...common, ...(config === null ? {} : { config }), ...(isSame ? {} : { schedule }) };
}

/** "Mon, Fri" in the reader's language. */
export function dayNames(days: readonly Weekday[], language: string): string {
  const name = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  const MONDAY = Date.UTC(2024, 0, 1);
  const DAY_MS = 86_400_000;
  const names = WEEKDAYS.flatMap((day, number) => (days.includes(day) ? [name.format(MONDAY + number * DAY_MS)] : []));
  return new Intl.ListFormat(language, { style: "narrow", type: "unit" }).format(names);
}
