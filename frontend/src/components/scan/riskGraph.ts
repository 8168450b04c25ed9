/** What leads from a site over its pages to whom its worst findings are about. */

import { RISK_LEVELS } from "@/generated/contract";
import type { FindingDetail, FindingSummary, RiskLevel } from "@/generated/rest";

export const MOST_FINDINGS = 30; // the worst: more lines cannot be told apart
export const MOST_PAGES = 40;

/** A page of the site. `id` null: the scan keeps no view of it. */
export interface GraphPage {
  url: string;
  title: string;
  id: number | null;
}

/** One way: from a page (null: nobody knows from which) to a domain, where `via` is a third party that forwards. */
export interface GraphRow {
  page: GraphPage | null;
  via: string | null;
  isHidden: boolean;
  domain: GraphDomain;
}

/** `isParty`: there is a view of it as a third party. `risk`: the highest of its findings, which come worst first. */
export interface GraphDomain {
  name: string;
  isParty: boolean;
  risk: RiskLevel;
  findings: readonly FindingSummary[];
}

/** `isCut`: more pages refer to these domains than are here. */
export interface RiskGraph {
  rows: GraphRow[];
  isCut: boolean;
}

/** `details`: one finding of each domain in full, where it could be read. Every domain gets its first page before any gets its second. */
export function graphOf(findings: readonly FindingSummary[], details: ReadonlyMap<string, FindingDetail>): RiskGraph {
  const ways = domainsOf(findings, details).map((domain) => waysTo(domain, details.get(domain.name)));
  const pages = new Set<string>();
  const rows: GraphRow[] = [];
  let isCut = [...details.values()].some(({ references, reference_count: count }) => count > references.length);
  for (let rank = 0; rank < Math.max(0, ...ways.map(({ length }) => length)); rank += 1) {
    for (const row of ways.flatMap((of) => of[rank] ?? [])) {
      if (row.page !== null && !pages.has(row.page.url) && pages.size >= MOST_PAGES) isCut = true;
      else rows.push(row);
      if (row.page !== null && pages.size < MOST_PAGES) pages.add(row.page.url);
    }
  }
  return { rows: rows.sort((a, b) => rankOf(a.domain.risk) - rankOf(b.domain.risk)), isCut };
}

function domainsOf(findings: readonly FindingSummary[], details: ReadonlyMap<string, FindingDetail>): GraphDomain[] {
  const byName = new Map<string, FindingSummary[]>();
  for (const finding of [...findings].sort((a, b) => rankOf(a.risk.level) - rankOf(b.risk.level))) {
    byName.set(finding.domain, [...(byName.get(finding.domain) ?? []), finding]);
  }
  return [...byName].map(([name, found]) => ({ name, isParty: (details.get(name)?.third_party ?? null) !== null, risk: found[0]!.risk.level, findings: found }));
}

/** References come worst first; of one page to one domain the first counts. What a third party forwards begins where its chain does. */
function waysTo(domain: GraphDomain, detail: FindingDetail | undefined): GraphRow[] {
  const chains = detail?.chains ?? [];
  const direct = (detail?.references ?? []).filter(({ via, reference_id: id }) => via === null || !chains.some((chain) => chain.reference_id === id))
    .map((seen) => ({ seen, via: seen.via === null ? partnerOf(seen.third_party, domain.name) : hostOf(seen.via) }));
  const forwarded = chains.map(({ origin }) => ({ seen: origin, via: partnerOf(origin.third_party, domain.name) }));
  const rows = new Map<string, GraphRow>();
  for (const { seen, via } of [...direct, ...forwarded]) {
    const page = { url: seen.page_url, title: seen.page_title, id: seen.page_id };
    const key = `${seen.page_url} ${via ?? ""}`;
    if (!rows.has(key)) rows.set(key, { page, via, isHidden: seen.hidden_by !== null, domain });
  }
  if (rows.size > 0) return [...rows.values()];
  const { page_url: url, hidden_by: hidden } = domain.findings[0]!;
  return [{ page: url === null ? null : { url, title: "", id: null }, via: null, isHidden: hidden !== null, domain }];
}

function partnerOf(refersTo: string | null, domain: string): string | null {
  return refersTo === domain ? null : refersTo;
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : address;
}

function rankOf(risk: RiskLevel): number {
  return RISK_LEVELS.indexOf(risk);
}

export type NodeKind = "site" | "page" | "via" | "domain";

export interface GraphNode {
  /** Kind and name: a page and a domain may be called the same. */
  id: string;
  kind: NodeKind;
  name: string;
  /** Null: of the site, and of who only forwards. */
  risk: RiskLevel | null;
  x: number;
  y: number;
}

export interface GraphLink {
  source: string;
  target: string;
  risk: RiskLevel;
  isHidden: boolean;
}

/** Nodes in columns (site, pages, who forwards, domains), each spread over the height; positions in the units of `width` and `height`. */
export function drawingOf(site: string, rows: readonly GraphRow[], width: number, height: number): { nodes: GraphNode[]; links: GraphLink[] } {
  const nodes = new Map<string, GraphNode>();
  const links = new Map<string, GraphLink>();
  const ends = new Set(rows.map(({ domain }) => domain.name));
  const node = (kind: NodeKind, name: string, risk: RiskLevel | null) => {
    const id = `${kind} ${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind, name, risk, x: 0, y: 0 }); // rows come worst first
    return id;
  };
  const link = (source: string, target: string, risk: RiskLevel, isHidden: boolean) => {
    if (!links.has(`${source}\n${target}`)) links.set(`${source}\n${target}`, { source, target, risk, isHidden });
    return target;
  };
  for (const { page, via, isHidden, domain: { name, risk } } of rows) {
    let from = node("site", site, null);
    if (page !== null) from = link(from, node("page", page.url, risk), risk, false);
    if (via !== null) from = link(from, ends.has(via) ? `domain ${via}` : node("via", via, null), risk, isHidden);
    link(from, node("domain", name, risk), risk, isHidden && via === null);
  }
  const columns = (["site", "page", "via", "domain"] as const).map((kind) => [...nodes.values()].filter((one) => one.kind === kind)).filter(({ length }) => length > 0);
  for (const [index, column] of columns.entries()) {
    for (const [number, one] of column.entries()) {
      one.x = (width * index) / Math.max(1, columns.length - 1);
      one.y = (height * (number + 0.5)) / column.length;
    }
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

/** How many nodes stand above one another at most. */
export function tallestOf(rows: readonly GraphRow[]): number {
  const count = (names: (string | null | undefined)[]) => new Set(names.filter((name) => name !== null && name !== undefined)).size;
  return Math.max(count(rows.map(({ page }) => page?.url)), count(rows.map(({ domain }) => domain.name)), count(rows.map(({ via }) => via)));
}
