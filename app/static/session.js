/**
 * Who is signed in: a pair of tokens in sessionStorage, renewed before it expires.
 *
 * A refresh token is good once; used twice it ends the session. A duplicated tab has a copy of it: so tabs tell each
 * other about new pairs, and only one of them renews at a time.
 */

const KEY = "compliance.session";
const RENEW_BEFORE_MS = 120_000; // before the access token expires, or half of its life if that is shorter
const LOCK = "compliance.renew";

export class SignedOut extends Error {
  /** `code`: of the server's refusal; null when nobody was signed in. */
  constructor(code) {
    super(code ?? "signed out");
    this.code = code;
    this.signedOut = true;
  }
}

export class Session {
  #storage;
  #requestPair;
  #channel;
  #now;

  /**
   * `requestPair(refreshToken)` promises a new pair; it rejects with an error whose `status` is 401 when the session is
   * over. `channel`: a BroadcastChannel or its like, or null.
   */
  constructor({ storage, requestPair, channel = null, now = Date.now }) {
    this.#storage = storage;
    this.#requestPair = requestPair;
    this.#channel = channel;
    this.#now = now;
    this.onEnd = () => {};
    if (channel) channel.onmessage = (event) => this.#adopt(event.data);
  }

  /** `{username, access, refresh, renewAt}` or null. */
  get current() {
    const text = this.#storage.getItem(KEY);
    return text ? JSON.parse(text) : null;
  }

  /** Takes the answer of a login. */
  begin(username, pair) {
    this.#keep({ username, ...this.#fromPair(pair) });
  }

  /** Forgets the tokens and says so; `code` is why, null when the user wanted it. */
  end(code) {
    if (!this.current) return;
    this.#storage.removeItem(KEY);
    this.onEnd(code);
  }

  /**
   * A good access token; `renew` asks for a new one though the old one looks good.
   * Rejects with SignedOut, or with the network's error while the server cannot be reached.
   */
  async token({ renew = false } = {}) {
    const before = this.current;
    if (!before) throw new SignedOut(null);
    if (!renew && this.#now() < before.renewAt) return before.access;
    return this.#exclusively(() => this.#renew(before.refresh));
  }

  async #renew(oldRefresh) {
    const current = this.current;
    if (!current) throw new SignedOut(null);
    if (current.refresh !== oldRefresh) return current.access; // somebody was faster
    let pair;
    try {
      pair = await this.#requestPair(current.refresh);
    } catch (error) {
      if (error.status !== 401) throw error;
      this.end(error.code);
      throw new SignedOut(error.code);
    }
    const renewed = { username: current.username, ...this.#fromPair(pair) };
    this.#keep(renewed);
    this.#channel?.postMessage({ replaces: oldRefresh, session: renewed });
    return renewed.access;
  }

  #adopt({ replaces, session }) {
    if (this.current?.refresh === replaces) this.#keep(session);
  }

  #exclusively(action) {
    const locks = globalThis.navigator?.locks; // absent on plain http to another machine
    if (locks) return locks.request(LOCK, action);
    this.alone = (this.alone ?? Promise.resolve()).catch(() => {}).then(action);
    return this.alone;
  }

  #fromPair({ access_token: access, refresh_token: refresh, expires_in: seconds }) {
    const life = seconds * 1_000;
    return { access, refresh, renewAt: this.#now() + life - Math.min(RENEW_BEFORE_MS, life / 2) };
  }

  #keep(session) {
    this.#storage.setItem(KEY, JSON.stringify(session));
  }
}
