/** The tabs below the findings of a scan, as its address names them (`?tab=`). */

export const TABS = ["changes", "log", "third_parties", "subdomains", "pages", "graph"] as const;
export type Tab = (typeof TABS)[number];

/** What an address asks for, `first` when it names none. A line of the log that is named is shown, whatever tab was open when the link was made. */
export function tabOf(address: Readonly<Record<string, unknown>>, first: Tab = "log"): Tab {
  if (address.line !== undefined) return "log";
  return TABS.find((tab) => tab === address.tab) ?? first;
}

/** The address with another tab: what belonged to the one before is left out, and the first goes without saying. */
export function withTab<T>(address: Readonly<Record<string, T>>, tab: Tab, first: Tab = "log"): Record<string, T | Tab> {
  const { line: _line, tab: _tab, ...rest } = address;
  return tab === first ? rest : { ...rest, tab };
}
