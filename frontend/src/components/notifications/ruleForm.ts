/** What the form of a rule has, and what of it is sent. */

import type { RuleResponse, RuleWrite } from "@/generated/rest";

export type NotificationKind = RuleResponse["kinds"][number];
export const KINDS: readonly NotificationKind[] = ["findings", "scan_failed", "scan_inconclusive", "scan_completed", "site_changed", "site_overdue"];
export const RISKS: readonly RuleResponse["min_risk"][] = ["critical", "high", "medium", "low"];
export const DIGESTS: readonly RuleResponse["digest"][] = ["none", "daily", "weekly"];

export interface RuleForm {
  name: string;
  enabled: boolean;
  kinds: NotificationKind[];
  minRisk: RuleResponse["min_risk"];
  /** One domain a line. */
  targets: string;
  allUsers: boolean;
  channels: string[];
  zone: string;
  digest: RuleResponse["digest"];
  time: string;
  weekday: number;
  isQuiet: boolean;
  quietFrom: string;
  quietUntil: string;
}

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** `rule` null: what most people want, by all their channels. */
export function ruleFormOf(rule: RuleResponse | null, name: string, channelIds: readonly string[]): RuleForm {
  if (rule === null) {
    return {
      name, enabled: true, kinds: ["findings", "scan_failed", "scan_inconclusive", "site_changed", "site_overdue"], minRisk: "high", targets: "", allUsers: false,
      channels: [...channelIds], zone: ownZone(), digest: "none", time: "08:00", weekday: 0, isQuiet: false, quietFrom: "22:00", quietUntil: "07:30",
    };
  }
  return {
    name: rule.name, enabled: rule.enabled, kinds: [...rule.kinds], minRisk: rule.min_risk, targets: rule.targets.join("\n"), allUsers: rule.all_users,
    channels: rule.channel_ids.filter((id) => channelIds.includes(id)), zone: rule.time_zone, digest: rule.digest, time: rule.digest_time, weekday: rule.digest_weekday,
    isQuiet: rule.quiet_from !== null, quietFrom: rule.quiet_from ?? "22:00", quietUntil: rule.quiet_until ?? "07:30",
  };
}

export function ruleOf(form: RuleForm): RuleWrite {
  return {
    name: form.name.trim(), enabled: form.enabled, kinds: form.kinds, min_risk: form.minRisk, targets: form.targets.split(/[\s,;]+/).filter((target) => target !== ""),
    all_users: form.allUsers, channel_ids: form.channels, time_zone: form.zone, digest: form.digest, digest_time: form.time, digest_weekday: form.weekday,
    quiet_from: form.isQuiet ? form.quietFrom : null, quiet_until: form.isQuiet ? form.quietUntil : null,
  };
}

/** "Monday": 2024-01-01 was one. */
export function weekdayName(weekday: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + weekday)));
}

/** All zones that the browser knows, the reader's own first. */
export function zones(current: string): string[] {
  return [...new Set([current, ownZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])];
}
