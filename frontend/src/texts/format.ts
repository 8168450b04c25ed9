/** Times, durations and percentages as people read them. */

/** "0:07", "12:05", "1:02:33". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "45 minutes", "2 hours": a limit, in the largest unit that says it without a fraction. */
export function formatSpan(seconds: number, language: string): string {
  const [value, unit] =
    seconds % 3_600 === 0 ? [seconds / 3_600, "hour"]
    : seconds % 60 === 0 ? [seconds / 60, "minute"]
    : [seconds, "second"];
  return new Intl.NumberFormat(language, { style: "unit", unit: unit as string, unitDisplay: "long" }).format(value as number);
}

/** "40 sec", "12 min", "1.5 hr": how long something still takes, no finer than anybody can know. */
export function formatRough(seconds: number, language: string): string {
  const [value, unit, digits] =
    seconds < 90 ? [Math.max(10, Math.round(seconds / 10) * 10), "second", 0]
    : seconds < 5_400 ? [seconds / 60, "minute", 0]
    : [seconds / 3_600, "hour", 1];
  const style = { style: "unit", unit: unit as string, unitDisplay: "short", maximumFractionDigits: digits as number } as const;
  return new Intl.NumberFormat(language, style).format(value as number);
}

/** "13:15:04" of an RFC 3339 text, in the browser's time zone. */
export function formatClock(moment: string, language: string): string {
  return clockOf(language).format(new Date(moment));
}

const clocks = new Map<string, Intl.DateTimeFormat>(); // thousands of lines ask for the same

function clockOf(language: string): Intl.DateTimeFormat {
  const known = clocks.get(language);
  if (known !== undefined) return known;
  const two = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  const made = new Intl.DateTimeFormat(language, two);
  clocks.set(language, made);
  return made;
}

/** "11月25日 13:15" or "Nov 25, 13:15", in the browser's time zone; with its year when that is not this one. */
export function formatMoment(moment: string, language: string, now = new Date()): string {
  const date = new Date(moment);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  const style = { year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat(language, style).format(date);
}

/** "2026年12月15日" or "Dec 15, 2026": a day of the calendar, which no time zone moves. */
export function formatDay(day: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** "2026-12-15": the day of UTC so many days after a moment. */
export function dayOf(moment: Date, daysLater = 0): string {
  return new Date(moment.getTime() + daysLater * 86_400_000).toISOString().slice(0, 10);
}

/** "2026-11-27 13:15:04 UTC": what a time is called everywhere, for who compares it with other logs. */
export function formatUtc(moment: string): string {
  return `${new Date(moment).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "Nov 27, 2026, 21:15:04 GMT+8": the same in the browser's time zone. */
export function formatZoned(moment: string, language: string): string {
  const style = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(language, style).format(new Date(moment));
}

/** The browser's time zone now: "GMT+8". */
export function zoneName(language: string): string {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: "short" }).formatToParts(new Date());
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}

/** Whole percent of a score from 0 to 1. */
export function formatScore(score: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(score);
}
