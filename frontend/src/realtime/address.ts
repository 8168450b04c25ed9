/** The address of the socket. */

/**
 * `base`: an absolute address whose `api/v1/monitor/ws` is the endpoint. `ticket`: opens one connection, once. `lang`:
 * the language of all texts on it, however the scan was started.
 */
export function socketAddress(base: string, ticket: string, lang: string): string {
  const url = new URL("api/v1/monitor/ws", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  url.searchParams.set("lang", lang);
  return url.href;
}
