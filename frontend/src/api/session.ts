/**
 * Who is signed in: a pair of tokens in the tab's storage, renewed before it expires. The plain page keeps the same in
 * the same place, so one may go from one page to the other.
 *
 * A refresh token is good once; used twice it ends the session. A duplicated tab has a copy of it: so tabs tell each
 * other about new pairs, and only one of them renews at a time.
 */

import type { TokenResponse } from "@/generated/rest";

import { ApiError } from "./problem";

const KEY = "compliance.session";
const LOCK = "compliance.renew";
const RENEW_BEFORE_MS = 120_000; // before the access token expires, or half of its life if that is shorter

export interface Tokens {
  username: string;
  access: string;
  refresh: string;
  /** Clock time in ms. */
  renewAt: number;
}
type News = { replaces: string; session: Tokens };

export interface SessionOptions {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** A new pair for a refresh token; rejects with status 401 when the session is over. */
  requestPair(refreshToken: string): Promise<TokenResponse>;
  channel?: Pick<BroadcastChannel, "postMessage" | "onmessage"> | null;
  now?: () => number;
}

export class Session {
  /** Called with the code of the refusal when the session ends; null: the user wanted it. */
  onEnd: (code: string | null) => void = () => {};
  #options: SessionOptions;
  #now: () => number;
  #alone: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    if (options.channel) options.channel.onmessage = (event: MessageEvent<News>) => this.#adopt(event.data);
  }

  get current(): Tokens | null {
    const text = this.#options.storage.getItem(KEY);
    return text === null ? null : (JSON.parse(text) as Tokens);
  }

  /** Takes the answer of a sign-in. */
  begin(username: string, pair: TokenResponse): void {
    this.#keep(this.#tokens(username, pair));
  }

  end(code: string | null): void {
    if (this.current === null) return;
    this.#options.storage.removeItem(KEY);
    this.onEnd(code);
  }

  /** A good access token; `renew` asks for a new one though the old one looks good. Rejects with an `ApiError`. */
  async token({ renew = false } = {}): Promise<string> {
    const before = this.current;
    if (before === null) throw new ApiError(401, "missing_token");
    if (!renew && this.#now() < before.renewAt) return before.access;
    return this.#exclusively(() => this.#renew(before.refresh));
  }

  async #renew(oldRefresh: string): Promise<string> {
    const current = this.current;
    if (current === null) throw new ApiError(401, "missing_token");
    if (current.refresh !== oldRefresh) return current.access; // somebody was faster
    const pair = await this.#options.requestPair(current.refresh).catch((error: ApiError) => {
      if (error.status === 401) this.end(error.code);
      throw error;
    });
    const session = this.#tokens(current.username, pair);
    this.#keep(session);
    this.#options.channel?.postMessage({ replaces: oldRefresh, session } satisfies News);
    return session.access;
  }

  #adopt({ replaces, session }: News): void {
    if (this.current?.refresh === replaces) this.#keep(session);
  }

  #exclusively(action: () => Promise<string>): Promise<string> {
    const locks = globalThis.navigator?.locks; // absent on plain http to another machine
    if (locks) return locks.request(LOCK, action) as Promise<string>;
    const next = this.#alone.catch(() => {}).then(action);
    this.#alone = next;
    return next;
  }

  #tokens(username: string, { access_token: access, refresh_token: refresh, expires_in: seconds }: TokenResponse): Tokens {
    const life = seconds * 1_000;
    return { username, access, refresh, renewAt: this.#now() + life - Math.min(RENEW_BEFORE_MS, life / 2) };
  }

  #keep(session: Tokens): void {
    this.#options.storage.setItem(KEY, JSON.stringify(session));
  }
}
