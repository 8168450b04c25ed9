// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { effectScope } from "vue";

import { useDrawing } from "@/composables/useDrawing";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scene(pauseMs?: number) {
  const draw = vi.fn();
  const scope = effectScope();
  const request = scope.run(() => useDrawing(draw, pauseMs))!;
  return { draw, scope, request };
}

test("many changes within a frame are drawn once", () => {
  const { draw, request } = scene();
  for (let count = 0; count < 50; count += 1) request();
  vi.advanceTimersByTime(40);
  expect(draw).toHaveBeenCalledTimes(1);
  request();
  vi.advanceTimersByTime(40);
  expect(draw).toHaveBeenCalledTimes(2);
});

test("with a pause it is drawn no more often, and the last change is drawn too", () => {
  const { draw, request } = scene(250);
  for (let ms = 0; ms < 1_000; ms += 10) {
    request();
    vi.advanceTimersByTime(10);
  }
  expect(draw.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(draw.mock.calls.length).toBeLessThanOrEqual(5);
  const before = draw.mock.calls.length;
  vi.advanceTimersByTime(400);
  expect(draw.mock.calls.length).toBe(before + 1);
});

test("a view that is gone draws nothing any more", () => {
  const { draw, scope, request } = scene(250);
  request();
  scope.stop();
  vi.advanceTimersByTime(1_000);
  expect(draw).not.toHaveBeenCalled();
});
