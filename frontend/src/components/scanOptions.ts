/** What the form of a new scan holds, and what is sent of it. */

import { SCAN_OPTIONS } from "@/generated/contract";
import type { OrderCreate, ScanDefaults, TaskCreate } from "@/generated/rest";

import { asDomain } from "./typedDomains";

export const SECONDS_PER_MINUTE = 60;

export interface ScanForm {
  domain: string;
  /** Further domains, one a line: with any, an order over all of them is made. */
  more: string;
  /** What such an order is called. */
  title: string;
  /** Domains of the same owner, one a line. */
  own: string;
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
  return { domain, more: "", title: "", own: "", ...PRESETS.standard, startUrls: "", ...switchesOf(defaults) };
}

/** What is on when the reader has touched nothing. */
export function switchesOf({ use_passive_sources, screenshots, cloaking }: ScanDefaults): Pick<ScanForm, "passive" | "screenshots" | "cloaking"> {
  return { passive: use_passive_sources, screenshots, cloaking };
}

/** All domains of the form, in their order, each once. Of an address its domain is taken, as the form says. */
export function targetsOf({ domain, more }: ScanForm): string[] {
  return [...new Set([domain.trim(), ...linesOf(more)].map(asDomain))].filter(Boolean);
}

/** The same for several domains. Pages to begin at belong to one of them: they are left out. */
export function orderOf(form: ScanForm, defaults: ScanDefaults | null = SHIPPED): OrderCreate {
  const { config } = requestOf({ ...form, startUrls: "" }, defaults);
  const title = form.title.trim();
  return { targets: targetsOf(form), ...(title ? { title } : {}), ...(config ? { config } : {}) };
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** The body of the request: what differs from the server's own defaults. Null: they are not known, and switches are sent as they stand. */
export function requestOf(form: ScanForm, defaults: ScanDefaults | null = SHIPPED): TaskCreate {
  const config: NonNullable<TaskCreate["config"]> = {};
  if (form.maxPages !== null) config.max_pages = form.maxPages;
  if (form.maxDepth !== null) config.max_depth = form.maxDepth;
  if (form.minutes !== null) config.time_limit_s = form.minutes * SECONDS_PER_MINUTE;
  const lines = linesOf(form.startUrls);
  if (lines.length > 0) config.start_urls = lines;
  const own = linesOf(form.own).map(asDomain);
  if (own.length > 0) config.own_domains = own;
  if (form.passive !== defaults?.use_passive_sources) config.use_passive_sources = form.passive;
  if (form.screenshots !== defaults?.screenshots) config.screenshots = form.screenshots;
  if (form.cloaking !== defaults?.cloaking) config.cloaking = form.cloaking;
  return { target_domain: asDomain(form.domain.trim()), ...(Object.keys(config).length > 0 ? { config } : {}) };
}
