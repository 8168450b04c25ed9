/** What is told of a captured page: when, where, and what answered. */

import type { CaptureItem, CertificateItem, RegistrationItem } from "@/generated/rest";
import type { Texts } from "@/texts";

import { factOfMoment, type Fact } from "../facts";

const DAY_CHARACTERS = 10; // of an RFC 3339 text
const TIME_END = 19; // of the same: its seconds without fraction
const SHORT_HASH = 8; // characters that tell two contents of one moment apart

export function captureFacts(texts: Texts, capture: CaptureItem): Fact[] {
  const { t } = texts;
  const { certificate, registration } = capture;
  return [
    { name: t("capture.url"), value: capture.url, isCopied: true },
    { name: t("capture.final_url"), value: capture.final_url !== capture.url && capture.final_url, isCopied: true },
    { name: t("reference.title"), value: capture.title },
    { name: t("capture.answer"), value: answerOf(texts, capture), isAlarm: capture.dead },
    factOfMoment(t("capture.time"), capture.captured_at),
    { name: t("capture.dns"), value: dnsOf(texts, capture) },
    { name: t("capture.registration"), value: registration && registrationOf(texts, registration), isAlarm: registration?.state === "unregistered" },
    { name: t("capture.certificate"), value: certificate && certificateOf(texts, certificate), isAlarm: certificate?.valid === false },
    { name: t("capture.no_screenshot"), value: capture.screenshot === null && t("capture.no_screenshot_kept") },
  ];
}

/** "casino.test-screenshot-2026-12-03-065235Z-c1704759.jpg": of what, and when, before the beginning of the hash. */
export function contentName({ url, captured_at: at }: CaptureItem, kind: string, sha256: string, ending: string): string {
  const host = URL.canParse(url) && new URL(url).hostname.replace(/[^\w.-]/g, "_");
  const time = at && `${at.slice(0, DAY_CHARACTERS)}-${at.slice(DAY_CHARACTERS + 1, TIME_END).replaceAll(":", "")}Z`;
  return `${[host, kind, time, sha256.slice(0, SHORT_HASH)].filter(Boolean).join("-")}.${ending}`;
}

function answerOf({ t, code }: Texts, { status, dead, error, page_class: kind }: CaptureItem): string {
  if (dead) return t("capture.dead");
  const answered = status ? t("chain.status", { status: String(status) }) : t("capture.no_answer");
  return [answered, error && code("capture_error", error), code("page_class", kind)].filter(Boolean).join(t("finding.separator"));
}

function dnsOf({ code }: Texts, { dns, addresses }: CaptureItem): string {
  if (dns === null) return addresses.join("\n");
  if (dns.records.length === 0) return code("dns", dns.outcome);
  return dns.records.map(({ name, type, value }) => `${name} ${type} ${value}`).join("\n");
}

function registrationOf({ t }: Texts, found: RegistrationItem): string {
  if (found.state === "unregistered") return t("capture.unregistered", { domain: found.domain, source: found.source });
  const time = t("capture.registration_time", { from: found.registered_on || "?", until: found.expires_on || "?" });
  return `${[found.domain, found.registrar, ...found.statuses].filter(Boolean).join(" · ")} ${time}`;
}

function certificateOf({ t }: Texts, { subject, issuer, not_before, not_after, valid, error }: CertificateItem): string {
  const [from, until] = [not_before.slice(0, DAY_CHARACTERS), not_after.slice(0, DAY_CHARACTERS)];
  const state = valid ? t("capture.valid") : t("capture.invalid", { error });
  return t("capture.certificate_text", { subject, issuer, from, until, state });
}
