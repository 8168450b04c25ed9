/**
 * Who is signed in, for all tabs of the browser: the access token is in memory alone, and what renews it in a cookie that
 * no script can read (ADR 0046) and that is good for nothing without the key of the page (`PageKey`).
 *
 * Tabs tell each other: a new one asks the others before it uses the cookie, and only one uses it at a time.
 */

import type { PageSession } from "@/generated/rest";

import { ApiError } from "./problem";

const LOCK = "compliance.page";
const SIGNING_OUT = "compliance.signing-out"; // what is remembered while the server could not be told; no secret
const RENEW_BEFORE_MS = 120_000; // before the access token expires, or half of its life if that is shorter
const ANSWER_MS = 100; // a tab that is not frozen answers within a few

export interface Signed {
  id: string;
  username: string;
  access: string;
  /** Clock time in ms. */
  renewAt: number;
}
type News =
  | { kind: "asked" }
  | { kind: "answer" | "begun" | "renewed"; session: Signed }
  | { kind: "ended"; id: string; code: string | null };

export interface SessionOptions {
  /** A new access token for the browser's cookie; rejects with status 401 when there is no session, or none any more. */
  requestSession(): Promise<PageSession>;
  /** Ends the session of the cookie. */
  requestEnd(): Promise<void>;
  /** To the other tabs. */
  channel?: Pick<BroadcastChannel, "postMessage" | "onmessage"> | null;
  marks: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  now?: () => number;
}

export class Session {
  /** Somebody has signed in, here or in another tab. */
  onBegin: (username: string) => void = () => {};
  /** Called with the code of the refusal when the session ends; null: the user wanted it. */
  onEnd: (code: string | null) => void = () => {};
  /** Another tab has signed in somebody else, or anew: nothing of what this tab holds is theirs. */
  onReplaced: () => void = () => {};
  #options: SessionOptions;
  #now: () => number;
  #current: Signed | null = null;
  #alone: Promise<unknown> = Promise.resolve();
  #onAnswer: ((session: Signed) => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    if (options.channel) options.channel.onmessage = (event: MessageEvent<News>) => this.#hear(event.data);
  }

  get current(): Readonly<Signed> | null {
    return this.#current;
  }

  /** Finds out whether the browser has a session. Rejects with an `ApiError` while nobody can say. */
  async restore(): Promise<void> {
    await this.exclusively(async () => {
      if (this.#current !== null) return;
      if (this.#options.marks.getItem(SIGNING_OUT) !== null) return this.#tellEnd();
      const session = (await this.#askTabs(null)) ?? (await this.#askServer());
      if (session !== null && this.#current === null) this.#take(session);
    });
  }

  /** Takes the answer of a sign-in. */
  begin(answer: PageSession): void {
    this.#options.marks.removeItem(SIGNING_OUT);
    const session = this.#signed(answer);
    this.#take(session);
    this.#say({ kind: "begun", session });
  }

  /** Ends it in all tabs; the cookie is the server's business. */
  end(code: string | null): void {
    const ended = this.#current;
    if (ended === null) return;
    this.#say({ kind: "ended", id: ended.id, code });
    this.#drop(code);
  }

  /**
   * Ends it in all tabs, and the cookie with it. When the server cannot be reached, the next page that is opened tells
   * it before anything else: nobody is signed in again by a cookie that should be gone.
   */
  async signOut(): Promise<void> {
    this.#options.marks.setItem(SIGNING_OUT, "1");
    this.end(null);
    await this.exclusively(() => this.#tellEnd()).catch(() => {});
  }

  /** A good access token, another one than `unlike`. Rejects with an `ApiError`. */
  async token(unlike: string | null = null): Promise<string> {
    const before = this.#current;
    if (before === null) throw new ApiError(401, "missing_token");
    if (before.access !== unlike && this.#now() < before.renewAt) return before.access;
    return this.exclusively(() => this.#renew(before));
  }

  /** Carries it out while no other tab does anything with the cookie. */
  exclusively<T>(action: () => Promise<T>): Promise<T> {
    const locks = globalThis.navigator?.locks; // absent on plain http to another machine
    if (locks) return locks.request(LOCK, action) as Promise<T>;
    const next = this.#alone.catch(() => {}).then(action);
    this.#alone = next;
    return next;
  }

  async #renew(before: Signed): Promise<string> {
    if (this.#current?.access === before.access) {
      const session = (await this.#askTabs(before)) ?? (await this.#askServer((code) => this.end(code)));
      if (session !== null && session.id !== before.id) this.onReplaced();
      else if (session !== null && this.#current?.id === session.id) {
        this.#current = session;
        this.#say({ kind: "renewed", session });
      }
    }
    if (this.#current === null) throw new ApiError(401, "invalid_token");
    return this.#current.access;
  }

  /** What another tab has, other than `before`; null: none has anything. */
  #askTabs(before: Signed | null): Promise<Signed | null> {
    if (!this.#options.channel) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(null), ANSWER_MS);
      const done = (session: Signed | null) => {
        clearTimeout(timer);
        this.#onAnswer = null;
        resolve(session);
      };
      this.#onAnswer = (session) => {
        const isOther = before === null || (session.id === before.id && session.access !== before.access);
        if (isOther && this.#now() < session.renewAt) done(session);
      };
      this.#say({ kind: "asked" });
    });
  }

  /** What the cookie is good for; null: nothing, and `onRefusal` is told the code. */
  async #askServer(onRefusal: (code: string) => void = () => {}): Promise<Signed | null> {
    try {
      return this.#signed(await this.#options.requestSession());
    } catch (error) {
      const { status, code } = error as ApiError;
      if (status !== 401) throw error;
      onRefusal(code);
      return null;
    }
  }

  async #tellEnd(): Promise<void> {
    await this.#options.requestEnd();
    this.#options.marks.removeItem(SIGNING_OUT);
  }

  #hear(news: News): void {
    const current = this.#current;
    switch (news.kind) {
      case "asked":
        if (current !== null) this.#say({ kind: "answer", session: current });
        break;
      case "answer":
        this.#onAnswer?.(news.session);
        break;
      case "begun":
        if (current === null) this.#take(news.session);
        else if (current.id !== news.session.id) this.onReplaced();
        break;
      case "renewed":
        if (current?.id === news.session.id) this.#current = news.session;
        break;
      case "ended":
        if (current?.id === news.id) this.#drop(news.code);
        break;
    }
  }

  #take(session: Signed): void {
    this.#current = session;
    this.onBegin(session.username);
  }

  #drop(code: string | null): void {
    this.#current = null;
    this.onEnd(code);
  }

  #say(news: News): void {
    this.#options.channel?.postMessage(news);
  }

  #signed({ session_id: id, username, access_token: access, expires_in: seconds }: PageSession): Signed {
    const life = seconds * 1_000;
    return { id, username, access, renewAt: this.#now() + life - Math.min(RENEW_BEFORE_MS, life / 2) };
  }
}
