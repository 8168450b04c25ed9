/** Numbers of a server over the last minutes, as they were read one after the other. */

import type { ServiceNumbers } from "@/generated/rest";

const MS_PER_S = 1_000;
export const MAX_SAMPLES = 60;

export interface Sample {
  /** The server's clock in ms. */
  at: number;
  /** When the server was started: of another one, or after a restart, counters begin anew. */
  since: string;
  connections: number;
  eventsSent: number;
  waiting: number;
}

export function sampleOf({ at, since, server, scans }: ServiceNumbers): Sample {
  return { at: Date.parse(at), since, connections: server.connections, eventsSent: server.events_sent, waiting: scans.waiting };
}

/** The samples with this one, the oldest first; those of another server are kept out. */
export function withSample(samples: readonly Sample[], added: Sample): Sample[] {
  return [...samples.filter(({ since, at }) => since === added.since && at < added.at), added].slice(-MAX_SAMPLES);
}

/** Events a second between each two samples. */
export function ratesOf(samples: readonly Sample[]): number[] {
  return samples.slice(1).map((now, index) => {
    const before = samples[index]!;
    return Math.max(0, (now.eventsSent - before.eventsSent) / ((now.at - before.at) / MS_PER_S));
  });
}

/** A line through the values from left to right in a box, for `points` of SVG; from 0 at its bottom. */
export function lineThrough(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const top = Math.max(...values) || 1;
  const step = width / (MAX_SAMPLES - 1);
  const left = width - step * (values.length - 1); // the newest stands at the right
  return values.map((value, index) => `${(left + step * index).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`).join(" ");
}
