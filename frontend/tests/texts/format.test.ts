/** Moments as people read them. */

import { expect, test } from "vitest";

import { formatMoment, formatSpan, formatUtc } from "@/texts/format";

const NOW = new Date("2026-11-27T12:00:00");

test("a moment of another year says which", () => {
  expect(formatMoment("2026-02-03T08:05:00", "zh-CN", NOW)).toBe("2月3日 08:05");
  expect(formatMoment("2025-12-31T08:05:00", "zh-CN", NOW)).toBe("2025年12月31日 08:05");
  expect(formatMoment("2026-02-03T08:05:00", "en", NOW)).toBe("Feb 3, 08:05");
  expect(formatMoment("2025-12-31T08:05:00", "en", NOW)).toBe("Dec 31, 2025, 08:05");
});

test("a moment has its name in UTC, whatever the reader's zone", () => {
  expect(formatUtc("2026-02-03T08:05:09.123+08:00")).toBe("2026-02-03 00:05:09 UTC");
});

test("a limit is said in the largest unit that needs no fraction", () => {
  expect([7_200, 3_600, 5_400, 90].map((seconds) => formatSpan(seconds, "en"))).toEqual(["2 hours", "1 hour", "90 minutes", "90 seconds"]);
  expect(formatSpan(7_200, "zh-CN")).toBe("2小时");
});
