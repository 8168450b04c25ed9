/** What is quoted of an element of a page: the scan notes its start tag and text alone, at most 200 characters. */

import type { EvidenceItem, ReferenceItem } from "@/generated/rest";

const START = /^<([a-z][^\s/>]*)/i;
const WITHOUT_END = new Set(["area", "base", "br", "embed", "frame", "img", "input", "link", "meta", "source", "track"]);
const CUT = "…";

/** The snippet, with a sign that it is cut where it is an element without its end. */
export function withCutMarked(snippet: string): string {
  const name = START.exec(snippet)?.[1]?.toLowerCase();
  if (name === undefined) return snippet;
  const isWhole = WITHOUT_END.has(name) ? snippet.trimEnd().endsWith(">") : snippet.toLowerCase().trimEnd().endsWith(`</${name}>`);
  return isWhole ? snippet : `${snippet}${CUT}`;
}

/** The element as it stands in the stored source, where one of the references is in it; else what the scan noted of it. */
export function quotedOf(item: EvidenceItem, references: readonly ReferenceItem[]): string {
  const quoted = withCutMarked(item.snippet);
  if (quoted === item.snippet) return quoted;
  const meant = references.find(({ page_url: page, snippet, source }) => page === item.url && snippet.startsWith(item.snippet) && source !== null);
  return (meant && elementOf(meant)) ?? quoted;
}

/** Of the marks the first is what hides the element, if there are several. */
function elementOf({ source }: ReferenceItem): string | undefined {
  const mark = source?.marks[source.marks.length > 1 ? 1 : 0];
  if (source === null || mark === undefined) return undefined;
  const element = [...source.excerpt].slice(mark.start, mark.end).join("");
  return START.test(element) ? withCutMarked(element) : undefined;
}
