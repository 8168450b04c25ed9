/**
 * As whom the page calls: the session of this tab, or a token that somebody pasted. A pasted one stays in memory, and
 * no token ever stands in an address.
 */

export class Access {
  #api;
  #pasted = null;

  constructor(api) {
    this.onChange = () => {};
    this.#api = api;
    api.session.onEnd = () => this.onChange();
  }

  /** `kind`: "none", "pasted" or "session", which has a `username`. */
  get state() {
    if (this.#pasted !== null) return { kind: "pasted" };
    const session = this.#api.session.current;
    return session ? { kind: "session", username: session.username } : { kind: "none" };
  }

  /** Rejects with ApiError. */
  async signIn(username, password) {
    await this.#api.login(username, password);
    this.#pasted = null;
    this.onChange();
  }

  paste(token) {
    this.#pasted = token.trim().replace(/^Bearer\s+/i, "") || null;
    this.onChange();
  }

  /** Forgets a pasted token; ends a session, on the server too. */
  async leave() {
    if (this.#pasted === null) await this.#api.logout().catch(() => {}); // it is forgotten here; the server's copy expires
    this.#pasted = null;
    this.onChange();
  }

  /** A good access token, or null. Rejects while a session can neither be renewed nor is refused. */
  async token() {
    if (this.#pasted !== null) return this.#pasted;
    if (!this.#api.session.current) return null;
    return this.#api.session.token().catch((error) => {
      if (error.signedOut) return null;
      throw error;
    });
  }

  /** What opens one socket, once, within seconds. Rejects with ApiError. */
  async ticket() {
    return (await this.#api.callAs(await this.token(), "POST", "monitor/ws/ticket")).ticket;
  }

  /** The newest tasks, for their ids. Rejects with ApiError. */
  async tasks(count) {
    return (await this.#api.callAs(await this.token(), "GET", `tasks?page_size=${count}`)).items;
  }
}
