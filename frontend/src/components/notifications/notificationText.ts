/** A notification in words, made of its codes and numbers in the reader's language. */

import type { NotificationContent } from "@/generated/rest";
import type { TextKey, Texts } from "@/texts";

const HEADINGS: Partial<Record<NotificationContent["kind"], TextKey>> = {
  findings: "notice.findings",
  scan_completed: "notice.scan_completed",
  scan_inconclusive: "notice.scan_inconclusive",
  scan_failed: "notice.scan_failed",
  site_changed: "notice.site_changed",
  site_overdue: "notice.site_overdue",
};

/** `shown`: how many findings are named. */
export function headingOf({ t }: Texts, content: NotificationContent): string {
  const key = HEADINGS[content.kind];
  const count = content.kind === "scan_completed" ? (content.finding_counts?.total ?? 0) : (content.total ?? content.days ?? 0);
  return key === undefined ? (content.target_domain ?? "") : t(key, { target: content.target_domain, count });
}

export function linesOf({ t, code }: Texts, content: NotificationContent, shown = 3): string[] {
  const findings = (content.findings ?? []).slice(0, shown).map((found) => t(found.raised_from ? "notice.finding_raised" : "notice.finding", {
    risk: code("risk", found.risk_level), before: code("risk", found.raised_from), category: code("violation", found.category), domain: found.domain,
  }));
  const left = (content.total ?? 0) - findings.length;
  const more = findings.length > 0 && left > 0 ? [t("notice.more_findings", { count: left })] : [];
  const changes = (content.changes ?? []).slice(0, shown).map((change) => change.text ?? "");
  const reasons = (content.reasons ?? []).slice(0, shown).map((reason) => code("reason", reason)).join(t("finding.separator"));
  const gaps = reasons === "" ? [] : [t("differences.gaps_now", { reasons })];
  const dismissed = content.dismissed ? [t("notice.dismissed", { count: content.dismissed })] : [];
  const error = content.error ? [content.error.message] : [];
  return [...findings, ...more, ...changes, ...dismissed, ...gaps, ...error];
}
