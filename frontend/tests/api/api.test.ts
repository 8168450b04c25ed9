import { describe, expect, test } from "vitest";

import { Api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { Session, type Tokens } from "@/api/session";
import type { TokenResponse } from "@/generated/rest";

class Memory {
  #items = new Map<string, string>();
  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#items.set(key, value);
  removeItem = (key: string) => void this.#items.delete(key);
}

function pair(name: string, seconds = 3_600): TokenResponse {
  return { access_token: `access-${name}`, refresh_token: `refresh-${name}`, token_type: "bearer", expires_in: seconds };
}

describe("the session", () => {
  function session(requestPair: (refresh: string) => Promise<TokenResponse>, storage = new Memory()) {
    const clock = { now: 0 };
    const one = new Session({ storage, requestPair, now: () => clock.now });
    one.begin("admin", pair("1"));
    return { one, clock, storage };
  }

  test("gives its token, and another one before that expires", async () => {
    const { one, clock } = session(async () => pair("2"));
    expect(await one.token()).toBe("access-1");
    clock.now = 3_600_000 - 119_000;
    expect(await one.token()).toBe("access-2");
  });

  test("renews once for all who ask at the same time: a refresh token is good once", async () => {
    const asked: string[] = [];
    const { one, clock } = session(async (refresh) => (asked.push(refresh), pair("2")));
    clock.now = 3_600_000;
    expect(await Promise.all([one.token(), one.token(), one.token({ renew: true })])).toEqual(Array(3).fill("access-2"));
    expect(asked).toEqual(["refresh-1"]);
  });

  test("ends when it is refused, and only then", async () => {
    const ended: (string | null)[] = [];
    const down = session(() => Promise.reject(new ApiError(0, "network")));
    down.one.onEnd = (code) => ended.push(code);
    await expect(down.one.token({ renew: true })).rejects.toMatchObject({ code: "network" });
    expect(down.one.current).not.toBeNull();
    const refused = session(() => Promise.reject(new ApiError(401, "token_reused")));
    refused.one.onEnd = (code) => ended.push(code);
    await expect(refused.one.token({ renew: true })).rejects.toMatchObject({ status: 401 });
    expect([refused.one.current, ended]).toEqual([null, ["token_reused"]]);
  });

  test("takes the pair that another tab got for the same one, and no other", () => {
    const channel = { onmessage: null as ((event: MessageEvent) => void) | null, postMessage() {} };
    const storage = new Memory();
    const one = new Session({ storage, requestPair: async () => pair("x"), channel, now: () => 0 });
    one.begin("admin", pair("1"));
    const news = (replaces: string, name: string) => {
      const session: Tokens = { username: "admin", access: `access-${name}`, refresh: `refresh-${name}`, renewAt: 1 };
      channel.onmessage?.({ data: { replaces, session } } as MessageEvent);
    };
    news("refresh-of-somebody-else", "9");
    expect(one.current?.access).toBe("access-1");
    news("refresh-1", "2");
    expect(one.current?.access).toBe("access-2");
  });
});

describe("a call", () => {
  function api(answer: (request: Request) => Response | Promise<Response>) {
    const requests: Request[] = [];
    const send: typeof fetch = async (url, init) => {
      const request = new Request(url as string, init);
      requests.push(request.clone() as Request);
      return answer(request);
    };
    const one = new Api({ base: "http://page.test/under/", session: { storage: new Memory(), now: () => 0 }, fetch: send });
    one.session.begin("admin", pair("1"));
    return { one, requests };
  }

  test("fills its address, and says who asks and in which language", async () => {
    const { one, requests } = api(() => Response.json({ items: [] }));
    one.language = "en";
    await one.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: "a/b" }, query: { page: 1, attempt: null, q: "" } });
    expect(requests[0]?.url).toBe("http://page.test/under/api/v1/tasks/a%2Fb/findings?page=1");
    expect(requests[0]?.headers.get("Authorization")).toBe("Bearer access-1");
    expect(requests[0]?.headers.get("Accept-Language")).toBe("en");
  });

  test("is made once more with a new token when the old one is refused, and not twice", async () => {
    const { one, requests } = api((request) => {
      if (request.url.endsWith("/auth/refresh")) return Response.json(pair("2"));
      const isFresh = request.headers.get("Authorization") === "Bearer access-2";
      return isFresh ? Response.json({ ticket: "t" }) : Response.json({ code: "expired_token" }, { status: 401 });
    });
    expect(await one.ticket()).toBe("t");
    expect(requests.map((request) => new URL(request.url).pathname.split("/").at(-1))).toEqual(["ticket", "refresh", "ticket"]);
  });

  test("that fails says what the server says, and when to come back", async () => {
    const problem = { code: "rate_limited", detail: "slowly", errors: [{ field: "body.target_domain", code: "x", message: "y" }] };
    const { one } = api(() => Response.json(problem, { status: 429, headers: { "Retry-After": "3" } }));
    await expect(one.call("GET /api/v1/tasks")).rejects.toMatchObject({
      status: 429, code: "rate_limited", detail: "slowly", fields: ["target_domain"], retryAfterMs: 3_000,
    });
  });

  test("that fails on the way has a code of its own", async () => {
    const gateway = api(() => new Response("<html>", { status: 502 }));
    await expect(gateway.one.call("GET /api/v1/tasks")).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 0 });
    const cut = api(() => { throw new TypeError("Failed to fetch"); });
    await expect(cut.one.call("GET /api/v1/tasks")).rejects.toMatchObject({ status: 0, code: "network" });
    const slow = api(() => { throw new DOMException("", "TimeoutError"); });
    await expect(slow.one.call("GET /api/v1/tasks")).rejects.toMatchObject({ code: "slow" });
  });

  test("to sign out forgets the session, also when the server cannot be reached", async () => {
    const { one } = api(() => { throw new TypeError("Failed to fetch"); });
    await one.signOut();
    expect(one.session.current).toBeNull();
  });
});
