/** What the form of a new scan holds, and what is sent of it. */

import { SCAN_OPTIONS } from "@/generated/contract";
import type { ScanDefaults, TaskCreate } from "@/generated/rest";

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
type Preset = Pick<ScanForm, "maxPages" | "maxDepth" | "minutes">;
/** A look at a site within minutes, and one that leaves nothing out. */
export const PRESETS: Record<PresetName, Preset> = {
  standard: { maxPages: null, maxDepth: null, minutes: null },
  quick: { maxPages: 100, maxDepth: 2, minutes: 10 },
  thorough: { maxPages: SCAN_OPTIONS.max_pages.bounds[1], maxDepth: null, minutes: SCAN_OPTIONS.time_limit_s.bounds[1] / SECONDS_PER_MINUTE },
};

/** As the program has them: until the server has told its own, which an administrator may have changed. */
export const SHIPPED: ScanDefaults = {
  max_pages: SCAN_OPTIONS.max_pages.default,
  max_depth: SCAN_OPTIONS.max_depth.default,
  time_limit_s: SCAN_OPTIONS.time_limit_s.default,
  use_passive_sources: true,
  screenshots: true,
  cloaking: true,
};

export function emptyForm(domain: string, defaults = SHIPPED): ScanForm {
  return { domain, ...PRESETS.standard, startUrls: "", ...switchesOf(defaults) };
}

/** What is on when the reader has touched nothing. */
export function switchesOf({ use_passive_sources, screenshots, cloaking }: ScanDefaults): Pick<ScanForm, "passive" | "screenshots" | "cloaking"> {
  return { passive: use_passive_sources, screenshots, cloaking };
}

/** The body of the request: what differs from the server's own defaults. Null: they are not known, and switches are sent as they stand. */
export function requestOf(form: ScanForm, defaults: ScanDefaults | null = SHIPPED): TaskCreate {
  const config: NonNullable<TaskCreate["config"]> = {};
  if (form.maxPages !== null) config.max_pages = form.maxPages;
  if (form.maxDepth !== null) config.max_depth = form.maxDepth;
  if (form.minutes !== null) config.time_limit_s = form.minutes * SECONDS_PER_MINUTE;
  const lines = form.startUrls.split("\n").map((line) => line.trim()).filter(Boolean);
  if (lines.length > 0) config.start_urls = lines;
  if (form.passive !== defaults?.use_passive_sources) config.use_passive_sources = form.passive;
  if (form.screenshots !== defaults?.screenshots) config.screenshots = form.screenshots;
  if (form.cloaking !== defaults?.cloaking) config.cloaking = form.cloaking;
  return { target_domain: form.domain.trim(), ...(Object.keys(config).length > 0 ? { config } : {}) };
}
