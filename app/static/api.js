/** What the pages about the interface ask of it for themselves, with the server's errors as `ApiError`. */

import { Session, SignedOut } from "./session.js";

const TIMEOUT_MS = 20_000;

/**
 * A call that failed. `code`: of the problem details, or "network" or "slow"; `fields`: names that were refused;
 * `retryAfterMs`: the server asks not to come back sooner.
 */
export class ApiError extends Error {
  constructor({ status, code, detail, fields = [], retryAfterMs = 0 }) {
    super(detail ?? code);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.fields = fields;
    this.retryAfterMs = retryAfterMs;
  }
}

export class Api {
  #base;
  #fetch;

  /** `base`: absolute address of `api/v1/`. `session`: options of `Session` without `requestPair`. */
  constructor({ base, session, fetch = (...request) => globalThis.fetch(...request) }) {
    this.language = null; // in which the server's texts shall come; null: as the browser says
    this.#base = base;
    this.#fetch = fetch;
    const requestPair = (refreshToken) => this.#json("POST", "auth/refresh", { body: { refresh_token: refreshToken } });
    this.session = new Session({ ...session, requestPair });
  }

  async login(username, password) {
    const pair = await this.#json("POST", "auth/login", { body: { username, password } });
    this.session.begin(username, pair);
  }

  /** Ends the session here in any case; the server hears of it when it can be reached. */
  async logout() {
    try {
      await this.#call("POST", "auth/logout");
    } finally {
      this.session.end(null);
    }
  }

  /** What a call answers for a token that need not be the session's. */
  callAs(token, method, path) {
    return this.#json(method, path, { token });
  }

  /** With a token; once more with a new one when the server does not like the old one. */
  async #call(method, path, body, timeoutMs = TIMEOUT_MS) {
    const token = await this.#token();
    try {
      return await this.#request(method, path, { body, token, timeoutMs });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    return this.#request(method, path, { body, token: await this.#token({ renew: true }), timeoutMs });
  }

  async #token(options) {
    try {
      return await this.session.token(options);
    } catch (error) {
      if (error instanceof SignedOut) throw new ApiError({ status: 401, code: error.code ?? "invalid_token" });
      throw error;
    }
  }

  async #json(method, path, options) {
    return (await this.#request(method, path, { timeoutMs: TIMEOUT_MS, ...options })).json();
  }

  /** `timeoutMs` 0: a download, which takes as long as it takes. */
  async #request(method, path, { body, token, timeoutMs }) {
    const headers = { Accept: "application/json, application/problem+json, */*;q=0.5" };
    if (this.language) headers["Accept-Language"] = this.language;
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const signal = timeoutMs ? AbortSignal.timeout(timeoutMs) : undefined;
    let response;
    try {
      response = await this.#fetch(this.#base + path, { method, headers, signal, body: body && JSON.stringify(body) });
    } catch (error) {
      throw new ApiError({ status: 0, code: error.name === "TimeoutError" ? "slow" : "network" });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

/** The error in a response; its body may be anything when a proxy made it. */
async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const fields = (body.errors ?? []).map((problem) => problem.field.replace(/^body\./, ""));
  const code = typeof body.code === "string" ? body.code : response.status >= 502 ? "unavailable" : "internal";
  const retryAfterMs = 1_000 * (Number.parseInt(response.headers.get("Retry-After"), 10) || 0); // no date: no clock
  return new ApiError({ status: response.status, code, detail: body.detail, fields, retryAfterMs });
}
