/** Calls of REST, typed by the routes of OpenAPI; what fails is an `ApiError`. */

import type { Answers, Bodies } from "@/generated/rest";

import { PageKey } from "./pageKey";
import { ApiError, problemOf } from "./problem";
import { Session, type SessionOptions } from "./session";

const TIMEOUT_MS = 20_000;

export type Route = keyof Answers;
type Value = string | number | boolean | null | undefined;
interface Call<R extends Route> {
  /** What stands in the places of the address. */
  path?: Record<string, string>;
  /** Left out when null or empty. */
  query?: Record<string, Value>;
  body?: R extends keyof Bodies ? Bodies[R] : never;
}
interface Sent {
  method: string;
  url: string;
  body?: unknown;
  token?: string;
  /** One of those that only our own page may ask: its cookie goes with it. */
  ownPage?: boolean;
  /** 0: a download, which takes as long as it takes. */
  timeoutMs: number;
}

export interface ApiOptions {
  /** Absolute address below which `api/v1/...` lies. */
  base: string;
  session: Omit<SessionOptions, "requestSession" | "requestEnd">;
  /** The token of a read-only link: it goes with each call, and the session with none. */
  link?: string | null;
  fetch?: typeof fetch;
}

export class Api {
  /** In which the server's texts shall come. */
  language = "zh-CN";
  readonly session: Session;
  readonly base: string;
  #fetch: typeof fetch;
  #key: PageKey;
  #link: string | null;

  constructor({ base, session, link, fetch: ownFetch }: ApiOptions) {
    this.base = base;
    this.#link = link ?? null;
    this.#key = new PageKey(session.marks, base);
    this.#fetch = ownFetch ?? ((...request) => globalThis.fetch(...request));
    const requestSession = () => this.#openJson("POST /api/v1/auth/cookie/refresh", {});
    const requestEnd = async () => {
      await this.#open("POST /api/v1/auth/cookie/logout", {});
      this.#key.forget();
    };
    this.session = new Session({ ...session, requestSession, requestEnd });
  }

  async signIn(username: string, password: string): Promise<void> {
    const request = () => this.#openJson("POST /api/v1/auth/cookie/login", { body: { username, password } });
    this.session.begin(await this.session.exclusively(request));
  }

  /** Ends the session in this browser in any case; the server hears of it when it can be reached. */
  async signOut(): Promise<void> {
    await this.session.signOut();
  }

  /** Ends all sessions of the user, on all machines; rejects when the server could not be told. */
  async signOutEverywhere(): Promise<void> {
    await this.send("POST /api/v1/auth/logout-everywhere");
    await this.session.signOut();
  }

  /** The JSON of a route's answer. */
  async call<R extends Route>(route: R, call: Call<R> = {}): Promise<Answers[R]> {
    return (await this.#asUser(this.#sent(route, call))).json() as Promise<Answers[R]>;
  }

  /** A route whose answer has no body of interest. */
  async send<R extends Route>(route: R, call: Call<R> = {}): Promise<void> {
    await this.#asUser(this.#sent(route, call));
  }

  /** A route's answer as a file, with the name that the server gives it. */
  async file<R extends Route>(route: R, call: Call<R> = {}): Promise<File> {
    const answer = await this.#asUser({ ...this.#sent(route, call), timeoutMs: 0 });
    const content = await answer.blob();
    const name = /filename="([^"/\\]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
    return new File([content], name ?? "", { type: content.type });
  }

  /** Opens one live connection, once, within seconds: the token stays out of its address, which proxies log. */
  async ticket(): Promise<string> {
    return (await this.call("POST /api/v1/monitor/ws/ticket")).ticket;
  }

  #open<R extends Route>(route: R, call: Call<R>): Promise<Response> {
    return this.#request({ ...this.#sent(route, call), ownPage: true });
  }

  async #openJson<R extends Route>(route: R, call: Call<R>): Promise<Answers[R]> {
    return (await this.#open(route, call)).json() as Promise<Answers[R]>;
  }

  #sent<R extends Route>(route: R, { path = {}, query = {}, body }: Call<R>): Sent {
    const [method = "GET", address = "/"] = route.split(" ");
    const filled = address.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
    const url = new URL(filled, this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
    }
    return { method, url: url.href, body, timeoutMs: TIMEOUT_MS };
  }

  /** With a token; once more with a new one when the server does not like the old one. */
  async #asUser(sent: Sent): Promise<Response> {
    if (this.#link !== null) return this.#request({ ...sent, token: this.#link });
    const token = await this.session.token();
    try {
      return await this.#request({ ...sent, token });
    } catch (error) {
      if ((error as ApiError).status !== 401) throw error;
    }
    return this.#request({ ...sent, token: await this.session.token(token) });
  }

  async #request({ method, url, body, token, ownPage, timeoutMs }: Sent): Promise<Response> {
    const headers = new Headers({ "Accept-Language": this.language, Accept: "application/json, */*;q=0.5" });
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    if (ownPage) headers.set("X-Compliance-Page", this.#key.value()); // no other page can send it
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (timeoutMs > 0) init.signal = AbortSignal.timeout(timeoutMs);
    const answer = await this.#fetch(url, init).catch((error: Error) => {
      throw new ApiError(0, error.name === "TimeoutError" ? "slow" : "network");
    });
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }
}
