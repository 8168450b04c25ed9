/**
 * Calls `draw` at most once per frame of the screen, and not sooner than `pauseMs` after the last time; in a hidden tab,
 * where frames stand still, once a second. What was asked for is drawn in the end, in any case.
 */

import { onScopeDispose } from "vue";

const HIDDEN_MS = 1_000;

export function useDrawing(draw: () => void, pauseMs = 0): () => void {
  let cancel: (() => void) | null = null;
  let drawnAt = -Infinity;

  function run(): void {
    cancel = null;
    drawnAt = performance.now();
    draw();
  }

  function onFrame(): void {
    const frame = requestAnimationFrame(run);
    cancel = () => cancelAnimationFrame(frame);
  }

  function request(): void {
    if (cancel !== null) return;
    const wait = document.hidden ? HIDDEN_MS : drawnAt + pauseMs - performance.now();
    if (wait <= 0) return onFrame();
    const timer = setTimeout(document.hidden ? run : onFrame, wait);
    cancel = () => clearTimeout(timer);
  }

  onScopeDispose(() => cancel?.());
  return request;
}
