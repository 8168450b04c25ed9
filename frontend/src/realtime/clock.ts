/** The clock of the machine, for `RealtimeClient`. */

import type { Clock } from "./client";

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};
