/** Times, durations and percentages as people read them. */

/** "0:07", "12:05", "1:02:33". */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "40 s", "12 min", "1.5 hr": how long something still takes, no finer than anybody can know. */
export function formatRough(seconds, language) {
  const [value, unit, digits] =
    seconds < 90 ? [Math.max(10, Math.round(seconds / 10) * 10), "second", 0]
    : seconds < 5_400 ? [seconds / 60, "minute", 0]
    : [seconds / 3_600, "hour", 1];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}

/** Whole percent of a score from 0 to 1. */
export function formatScore(score, language) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(score);
}

const clocks = new Map();

/** "13:15:04" of an RFC 3339 text or a number of milliseconds, in the browser's time zone. */
export function formatClock(moment, language) {
  let clock = clocks.get(language);
  if (!clock) {
    clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    clocks.set(language, clock);
  }
  return clock.format(new Date(moment));
}

/** "11月25日 13:15" or "Nov 25, 13:15", in the browser's time zone. */
export function formatMoment(moment, language) {
  const style = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language, style).format(new Date(moment));
}

/** "2026年11月25日 13:15:04 GMT+8": what somebody else can compare, of an RFC 3339 text. */
export function formatInstant(moment, language) {
  const style = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const text = new Intl.DateTimeFormat(language, { ...style, hourCycle: "h23" }).format(new Date(moment));
  return `${text} ${zoneName(language, moment)}`;
}

/** The browser's time zone at that moment: "GMT+8". */
export function zoneName(language, moment) {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: "short" }).formatToParts(new Date(moment));
  return parts.find(({ type }) => type === "timeZoneName").value;
}

/** Seconds between two RFC 3339 texts; an end of null means `now` (milliseconds). */
export function secondsBetween(start, end, now) {
  return Math.max(0, ((end ? Date.parse(end) : now) - Date.parse(start)) / 1_000);
}
