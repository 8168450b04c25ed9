/** What the form of a new scan holds, and what is sent of it. */

import { SCAN_OPTIONS } from "@/generated/contract";
import type { TaskCreate } from "@/generated/rest";

export const SECONDS_PER_MINUTE = 60;

export interface ScanForm {
  domain: string;
  /** Null: as the server does without. */
  maxPages: number | null;
  maxDepth: number | null;
  minutes: number | null;
  /** One URL a line. */
  startUrls: string;
  passive: boolean;
  screenshots: boolean;
  cloaking: boolean;
}

export type PresetName = "standard" | "quick" | "thorough";
type Preset = Pick<ScanForm, "maxPages" | "maxDepth" | "minutes" | "screenshots">;
/** A look at a site within minutes, and one that leaves nothing out. */
export const PRESETS: Record<PresetName, Preset> = {
  standard: { maxPages: null, maxDepth: null, minutes: null, screenshots: true },
  quick: { maxPages: 100, maxDepth: 2, minutes: 10, screenshots: true },
  thorough: { maxPages: SCAN_OPTIONS.max_pages.bounds[1], maxDepth: null, minutes: SCAN_OPTIONS.time_limit_s.bounds[1] / SECONDS_PER_MINUTE, screenshots: true },
};

export function emptyForm(domain: string): ScanForm {
  return { domain, ...PRESETS.standard, startUrls: "", passive: true, cloaking: true };
}

/** The body of the request: what differs from the server's own defaults. */
export function requestOf(form: ScanForm): TaskCreate {
  const config: NonNullable<TaskCreate["config"]> = {};
  if (form.maxPages !== null) config.max_pages = form.maxPages;
  if (form.maxDepth !== null) config.max_depth = form.maxDepth;
  if (form.minutes !== null) config.time_limit_s = form.minutes * SECONDS_PER_MINUTE;
  const lines = form.startUrls.split("\n").map((line) => line.trim()).filter(Boolean);
  if (lines.length > 0) config.start_urls = lines;
  if (!form.passive) config.use_passive_sources = false;
  if (!form.screenshots) config.screenshots = false;
  if (!form.cloaking) config.cloaking = false;
  return { target_domain: form.domain.trim(), ...(Object.keys(config).length > 0 ? { config } : {}) };
}
