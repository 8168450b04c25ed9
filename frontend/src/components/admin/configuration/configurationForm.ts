/** What the form of the configuration holds, what of it is different, and what is sent. */

import type { ConfigurationResponse, SettingResponse } from "@/generated/rest";

export type Value = SettingResponse["value"];
/** By name: what is written in a field (lists one entry a line), or null: nothing is stored, and the default holds. */
export type Draft = Record<string, string | boolean | null>;

export interface Change {
  setting: SettingResponse;
  /** Undefined: nothing stored, so that the default holds. */
  before: Value | undefined;
  after: Value | undefined;
}

/** What can be changed of it, as it is stored: a server that refuses the version has other values in effect. */
export function draftOf({ settings }: ConfigurationResponse): Draft {
  const free = settings.filter(({ lock }) => lock === null);
  return Object.fromEntries(free.map((setting) => [setting.name, setting.is_stored ? textOf(setting.stored) : null]));
}

/** A value as a field shows it. */
export function textOf(value: Value): string | boolean {
  if (typeof value === "boolean") return value;
  return Array.isArray(value) ? value.join("\n") : String(value ?? "");
}

/** What is written in a field as a value. What is no number stays a text: the server says what is wrong with it. */
function valueOf({ kind, is_nullable }: SettingResponse, written: string | boolean): Value {
  if (typeof written === "boolean") return written;
  const text = written.trim();
  if (kind === "list") return linesOf(written);
  if (text === "" && is_nullable) return null;
  if (kind === "text") return text;
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function linesOf(written: string): string[] {
  return [...new Set(written.split(/[\n,;]/).map((line) => line.trim()).filter(Boolean))];
}

/** The body's `values`: all that is to be stored. */
export function valuesOf({ settings }: ConfigurationResponse, draft: Draft): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const setting of settings) {
    const written = draft[setting.name] ?? null;
    if (written !== null) values[setting.name] = valueOf(setting, written);
  }
  return values;
}

/** What saving would change. */
export function changesOf(configuration: ConfigurationResponse, draft: Draft): Change[] {
  const before = draftOf(configuration);
  const stored = (setting: SettingResponse, written: string | boolean | null | undefined) =>
    (written === null || written === undefined ? undefined : valueOf(setting, written));
  return configuration.settings.filter(({ lock }) => lock === null)
    .map((setting) => ({ setting, before: stored(setting, before[setting.name]), after: stored(setting, draft[setting.name]) }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

/** The same changes on what somebody else has stored meanwhile, or what was read anew. */
export function rebased(old: ConfigurationResponse | null, draft: Draft, now: ConfigurationResponse): Draft {
  const own = old === null ? [] : changesOf(old, draft).map(({ setting }) => setting.name);
  const fresh = draftOf(now);
  return { ...fresh, ...Object.fromEntries(own.filter((name) => name in fresh).map((name) => [name, draft[name] ?? null])) };
}

/** Entries that go and come, of lists; else null. */
export function differenceOf(before: Value | undefined, after: Value | undefined): { gone: string[]; come: string[] } | null {
  if (!Array.isArray(before) && !Array.isArray(after)) return null;
  const [old, now] = [new Set(Array.isArray(before) ? before : []), new Set(Array.isArray(after) ? after : [])];
  return { gone: [...old].filter((entry) => !now.has(entry)), come: [...now].filter((entry) => !old.has(entry)) };
}

const STEPS = { seconds: [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]], bytes: [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [1, "B"]] } as const;

/** "2 hours", "20 GiB", "30 days": a number with what it counts, in the largest step that leaves it exact or nearly so. */
export function amountOf(value: number, unit: SettingResponse["unit"], language: string): string {
  const write = (number: number, name?: string) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: 1, ...(name ? { style: "unit", unit: name, unitDisplay: "long" } : {}) }).format(number);
  if (unit === "days") return write(value, "day");
  if (unit === "seconds") {
    const [size, name] = STEPS.seconds.find(([seconds]) => value >= seconds) ?? STEPS.seconds[3];
    return write(value / size, name);
  }
  if (unit === "bytes") {
    const [size, name] = STEPS.bytes.find(([bytes]) => value >= bytes) ?? STEPS.bytes[3];
    return `${write(value / size)} ${name}`;
  }
  return write(value);
}
