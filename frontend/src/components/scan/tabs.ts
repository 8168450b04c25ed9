/** The tabs below the findings of a scan, as its address names them (`?tab=`). */

export const TABS = ["log", "third_parties", "subdomains", "pages", "graph"] as const;
export type Tab = (typeof TABS)[number];

/** What an address asks for. A line of the log that is named is shown, whatever tab was open when the link was made. */
export function tabOf(address: Readonly<Record<string, unknown>>): Tab {
  if (address.line !== undefined) return "log";
  return TABS.find((tab) => tab === address.tab) ?? "log";
}

/** The address with another tab: what belonged to the one before is left out, and the first goes without saying. */
export function withTab<T>(address: Readonly<Record<string, T>>, tab: Tab): Record<string, T | Tab> {
  const { line: _line, tab: _tab, ...rest } = address;
  return tab === "log" ? rest : { ...rest, tab };
}
