// @vitest-environment happy-dom
/** Metrics at a glance: what is drawn of counters that go on, begin anew, or come from another server. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import MetricsPanel from "@/components/admin/MetricsPanel.vue";
import { MAX_SAMPLES, lineThrough, ratesOf, withSample, type Sample } from "@/components/admin/metrics";
import type { ServiceNumbers } from "@/generated/rest";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  vi.useFakeTimers();
});
afterEach(() => { vi.useRealTimers(); });

function numbers(second: number, eventsSent: number, more: Partial<ServiceNumbers> = {}): ServiceNumbers {
  return {
    at: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`, since: "2026-01-01T00:00:00Z",
    server: {
      connections: 3, users: 2, event_streams: 0, backlog_bytes: 0, sweep_lag_s: 0.1, bus_healthy: true, events_sent: eventsSent, delivery_p99_s: 0.05,
      refused: 0, too_slow: 0, http_cut: 0, monitoring_errors: 0,
    },
    scans: { waiting: 4, running: 1, ended: 10, completed: 9, failed: 1, median_duration_s: 90, longest_duration_s: 3_700 },
    workers: { alive: 1, silent: 0, concurrency: 2, running: 1 },
    ...more,
  };
}

function sample(at: number, eventsSent: number, since = "a"): Sample {
  return { at: at * 1_000, since, connections: 1, eventsSent, waiting: 0 };
}

async function open() {
  const panel = mount(MetricsPanel, { global: rest.mounting(), attachTo: document.body });
  await vi.advanceTimersByTimeAsync(1);
  const tile = (name: string) => panel.findAll(".tile").find((one) => one.find("dt").text() === name)!;
  return { panel, tile };
}

test("events a second come of two looks at a counter", async () => {
  let looks = 0;
  rest.answers["GET /admin/metrics"] = () => numbers(5 * looks, 100 + 50 * looks++);
  const { tile } = await open();
  expect(tile("Events per second").find(".value").text()).toBe("—");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(tile("Events per second").find(".value").text()).toBe("10");
  expect(tile("Live connections").find("polyline").exists()).toBe(true);
  expect(looks).toBe(3);
});

test("nothing is asked while nobody looks", async () => {
  rest.answers["GET /admin/metrics"] = numbers(0, 1);
  await open();
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rest.count("GET", "/admin/metrics")).toBe(1);
  hidden.mockRestore();
});

test("what is wrong is marked, and what nobody knows is no zero", async () => {
  const scans = { ...numbers(0, 0).scans, ended: 0, completed: 0, failed: 0, median_duration_s: null, longest_duration_s: null };
  const server = { ...numbers(0, 0).server, bus_healthy: false, delivery_p99_s: null };
  rest.answers["GET /admin/metrics"] = numbers(0, 0, { scans, server, workers: { alive: 1, silent: 1, concurrency: 2, running: 0 } });
  const { panel, tile } = await open();
  expect(panel.findAll("[data-alarm] dt").map((name) => name.text())).toEqual(["Worker load", "Message bus"]);
  expect(tile("Scan duration (median)").find(".value").text()).toBe("—");
});

test("a failure later leaves what was read, and says so", async () => {
  rest.answers["GET /admin/metrics"] = numbers(0, 1);
  const { panel } = await open();
  rest.answers["GET /admin/metrics"] = problem(503, "database_unavailable");
  await vi.advanceTimersByTimeAsync(5_000);
  await flushPromises();
  expect(panel.findAll(".tile").length).toBeGreaterThan(8);
  expect(panel.find("[role=alert]").text()).toContain(english("metrics.failed_to_load"));
});

test("samples of another server, and of before a restart, are no part of the line", () => {
  const before = [sample(0, 500), sample(5, 600)];
  expect(withSample(before, sample(10, 3, "b"))).toEqual([sample(10, 3, "b")]);
  expect(withSample(before, sample(5, 600))).toHaveLength(2); // the same look twice
  let many: Sample[] = [];
  for (let at = 0; at < 200; at += 1) many = withSample(many, sample(at, at));
  expect(many).toHaveLength(MAX_SAMPLES);
  expect(new Set(ratesOf(many))).toEqual(new Set([1]));
});

test("a line stands at the right of its box, from nothing at the bottom", () => {
  expect(lineThrough([], 59, 10)).toBe("");
  expect(lineThrough([0, 0], 59, 10)).toBe("58.0,10.0 59.0,10.0");
  expect(lineThrough([0, 2, 4], 59, 10)).toBe("57.0,10.0 58.0,5.0 59.0,0.0");
});
