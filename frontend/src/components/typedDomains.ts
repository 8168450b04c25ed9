/** Domains as people paste them: with scheme, port or path. */

/**
 * The domain in a text that stands where a domain should; null: the text is one already, or holds none that can be told.
 * An address with a user name is not taken: what looks like its domain is none (`https://corp.test@elsewhere.test/`).
 */
export function domainIn(text: string): string | null {
  const given = text.trim();
  if (/\s/.test(given)) return null; // several: the first alone would be taken, and the others be lost
  const rest = given.replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\//i, "");
  const end = rest.search(/[/\\?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const host = authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
  if (host === given.toLowerCase() || !host.includes(".") || /[\s:@%[\]]/.test(authority.replace(/:\d*$/, ""))) return null;
  return isName(host) ? host : null;
}

/** A name, and no IP address in any notation. */
function isName(host: string): boolean {
  try {
    return !/^[\d.]+$/.test(new URL(`http://${host}/`).hostname);
  } catch {
    return false;
  }
}

export function asDomain(text: string): string {
  return domainIn(text) ?? text;
}

/** Each line from which another domain is taken. */
export function takenFrom(text: string): { given: string; domain: string }[] {
  return text.split("\n").flatMap((line) => {
    const domain = domainIn(line);
    return domain === null ? [] : [{ given: line.trim(), domain }];
  });
}

/** The text with the domains in the place of the addresses. */
export function withDomains(text: string): string {
  return text.split("\n").map(asDomain).join("\n");
}

/** Lines, cells of a spreadsheet, or what stands between commas, each as it is. A comma inside of an address ends nothing. */
export function separate(text: string): string[] {
  const cells = text.split(/[\r\n\t]+/).flatMap((line) => {
    const parts = line.split(/[\s,;，；、]+/).filter(Boolean);
    return parts.every((part) => part.includes(".") && !/^[/?&]/.test(part)) ? parts : [line];
  });
  return cells.map((cell) => cell.trim()).filter(Boolean);
}

/** The different domains of a text; what is none stays as it is, so that it can be said. */
export function domainsOf(text: string): string[] {
  return [...new Set(separate(text).map((cell) => asDomain(cell).toLowerCase()))];
}

/** What is pasted, behind what stands in the field, when it is more than one line or cell: a field of one line would make one of them. */
export function pastedDomains(event: ClipboardEvent): string[] | null {
  const domains = domainsOf(event.clipboardData?.getData("text/plain") ?? "");
  if (domains.length < 2) return null;
  const { value, selectionStart, selectionEnd } = event.target as HTMLInputElement;
  const typed = value.slice(0, selectionStart ?? 0) + value.slice(selectionEnd ?? value.length);
  return [...new Set([...domainsOf(typed), ...domains])];
}
