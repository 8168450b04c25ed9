/** REST: every call of the page, with the server's errors as `ApiError`. */

import { Session, SignedOut } from "./session.js";

const TIMEOUT_MS = 20_000;
const PAGE_SIZE = 200; // the largest that the server gives

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

  /** Opens one live connection, once, within seconds: the token stays out of its address, which proxies log. */
  async ticket() {
    return (await this.#callJson("POST", "monitor/ws/ticket")).ticket;
  }

  /** What a call answers for a token that need not be the session's. */
  callAs(token, method, path) {
    return this.#json(method, path, { token });
  }

  /** A new access token, though the old one may still be good. */
  freshToken() {
    return this.#token({ renew: true });
  }

  listTasks({ page, pageSize }) {
    return this.#callJson("GET", `tasks?page=${page}&page_size=${pageSize}`);
  }

  /** A task as it is, or as an attempt left it. */
  getTask(scope) {
    return this.#callJson("GET", pathIn(scope, ""));
  }

  /** What was tried, the newest first: `{items, shown_attempt}`. */
  attempts(id) {
    return this.#callJson("GET", `tasks/${id}/attempts?page_size=${PAGE_SIZE}`);
  }

  createTask(targetDomain, config) {
    return this.#callJson("POST", "tasks", { target_domain: targetDomain, ...(config ? { config } : {}) });
  }

  cancelTask(id) {
    return this.#callJson("POST", `tasks/${id}/cancel`);
  }

  retryTask(id) {
    return this.#callJson("POST", `tasks/${id}/retry`);
  }

  async deleteTask(id) {
    await this.#call("DELETE", `tasks/${id}`);
  }

  /** `{items, next_after_log_seq}`; of all attempts, or of one. */
  logLines(scope, { after, limit }) {
    return this.#callJson("GET", `monitor/${pathIn(scope, "/logs", { after_log_seq: after, limit })}`);
  }

  /** The whole log as text. */
  async logFile(scope) {
    return (await this.#call("GET", `monitor/${pathIn(scope, "/logs", { format: "text" })}`, undefined, 0)).blob();
  }

  /** The report in the language of the page. `format`: one of REPORT_FORMATS. */
  async reportFile(scope, format) {
    return (await this.#call("GET", pathIn(scope, "/report", { format }), undefined, 0)).blob();
  }

  violations(scope, most) {
    return this.#all(pathIn(scope, "/violations"), most);
  }

  thirdParties(scope, most) {
    return this.#all(pathIn(scope, "/third-parties"), most);
  }

  /** A piece of a list of what a scan found: `{items, total}`. `kind`: "findings" or "references". */
  listIn(scope, kind, parameters) {
    return this.#callJson("GET", pathIn(scope, `/${kind}`, { page_size: PAGE_SIZE, ...parameters }));
  }

  /** One thing with its evidence. `kind`: "findings", "third-parties" or "pages". */
  detailIn(scope, kind, key, parameters) {
    return this.#callJson("GET", pathIn(scope, `/${kind}/${encodeURIComponent(key)}`, parameters));
  }

  /** All references to one third party, as a table. */
  async referenceFile(scope, domain) {
    return (await this.#call("GET", pathIn(scope, "/references", { format: "csv", domain }), undefined, 0)).blob();
  }

  /** A captured content. */
  async contentFile(scope, sha256) {
    return (await this.#call("GET", pathIn(scope, `/captures/${sha256}`), undefined, 0)).blob();
  }

  /** All items of a paged list, at most `most`: `{items, total}`. */
  async #all(path, most) {
    const items = [];
    for (let page = 1; ; page += 1) {
      const joint = path.includes("?") ? "&" : "?";
      const piece = await this.#callJson("GET", `${path}${joint}page=${page}&page_size=${PAGE_SIZE}`);
      items.push(...piece.items);
      if (!piece.items.length || items.length >= Math.min(piece.total, most)) {
        return { items: items.slice(0, most), total: piece.total };
      }
    }
  }

  async #callJson(method, path, body) {
    return (await this.#call(method, path, body)).json();
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

/** The address of a scan, or with `tail` of something of it, as one attempt found it. */
function pathIn({ taskId, attempt = null }, tail, parameters = {}) {
  const query = new URLSearchParams(parameters);
  if (attempt !== null) query.set("attempt", attempt);
  return `tasks/${taskId}${tail}${query.size ? `?${query}` : ""}`;
}

/** The error in a response; its body may be anything when a proxy made it. */
async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const fields = (body.errors ?? []).map((problem) => problem.field.replace(/^body\./, ""));
  const code = typeof body.code === "string" ? body.code : response.status >= 502 ? "unavailable" : "internal";
  const retryAfterMs = 1_000 * (Number.parseInt(response.headers.get("Retry-After"), 10) || 0); // no date: no clock
  return new ApiError({ status: response.status, code, detail: body.detail, fields, retryAfterMs });
}
