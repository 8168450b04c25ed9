import { describe, expect, test } from "vitest";

import { Api } from "@/api/client";
import { Marks } from "../support/marks";

function session(name: string) {
  return { session_id: "s1", username: "admin", access_token: `access-${name}`, token_type: "bearer" as const, expires_in: 3_600 };
}

describe("a call", () => {
  function api(answer: (request: Request) => Response | Promise<Response>) {
    const requests: Request[] = [];
    const send: typeof fetch = async (url, init) => {
      const request = new Request(url as string, init);
      requests.push(request.clone() as Request);
      return answer(request);
    };
    const one = new Api({ base: "http://page.test/under/", session: { marks: new Marks(), now: () => 0 }, fetch: send });
    one.session.begin(session("1"));
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
      if (request.url.endsWith("/auth/cookie/refresh")) return Response.json(session("2"));
      const isFresh = request.headers.get("Authorization") === "Bearer access-2";
      return isFresh ? Response.json({ ticket: "t" }) : Response.json({ code: "expired_token" }, { status: 401 });
    });
    expect(await one.ticket()).toBe("t");
    expect(requests.map((request) => new URL(request.url).pathname.split("/").at(-1))).toEqual(["ticket", "refresh", "ticket"]);
    expect(requests.map((request) => request.headers.get("X-Compliance-Page"))).toEqual([null, expect.stringMatching(/^[\w-]{43}$/), null]);
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

  test("to sign out everywhere says when it could not, and keeps the session", async () => {
    const cut = api(() => { throw new TypeError("Failed to fetch"); });
    await expect(cut.one.signOutEverywhere()).rejects.toMatchObject({ code: "network" });
    expect(cut.one.session.current).not.toBeNull();
    const { one, requests } = api(() => new Response(null, { status: 204 }));
    await one.signOutEverywhere();
    expect(one.session.current).toBeNull();
    expect(requests.map((request) => new URL(request.url).pathname.split("/auth/").at(-1))).toEqual(["logout-everywhere", "cookie/logout"]);
  });
});
