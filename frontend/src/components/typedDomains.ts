/** Domains as people paste them: with scheme, port or path. */

/**
 * The domain in a text that stands where a domain should; null: the text is one already, or holds none that can be told.
 * An address with a user name is not taken: what looks like its domain is none (`https://corp.test@elsewhere.test/`).
 */
export function domainIn(text: string): string | null {
  const given = text.trim();
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
