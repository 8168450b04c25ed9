import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ApiError } from "@/api/problem";
import { Session } from "@/api/session";
import type { PageSession } from "@/generated/rest";

import { Marks } from "../support/marks";

function answer(name: string, id = "s1", seconds = 3_600): PageSession {
  return { session_id: id, username: "admin", access_token: `access-${name}`, token_type: "bearer", expires_in: seconds };
}

/** Tabs of one browser: what one says the others hear, later, and never itself. */
class Browser {
  readonly marks = new Marks();
  readonly now = { ms: 0 };
  asked = 0;
  ended = 0;
  /** What the server says to the cookie. */
  answer: () => Promise<PageSession> = () => Promise.resolve(answer(String(this.asked)));
  end: () => Promise<void> = () => Promise.resolve();
  #channels: { onmessage: ((event: MessageEvent) => void) | null }[] = [];

  tab() {
    const channel = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => {
        const heard = this.#channels.filter((one) => one !== channel);
        queueMicrotask(() => heard.forEach((one) => one.onmessage?.({ data: structuredClone(data) } as MessageEvent)));
      },
    };
    this.#channels.push(channel);
    const told: string[] = [];
    const session = new Session({
      channel, marks: this.marks, now: () => this.now.ms,
      requestSession: () => { this.asked++; return this.answer(); },
      requestEnd: () => { this.ended++; return this.end(); },
    });
    session.onBegin = (name) => told.push(`begin ${name}`);
    session.onEnd = (code) => told.push(`end ${code}`);
    session.onReplaced = () => told.push("replaced");
    return { session, told };
  }
}

let browser: Browser;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  browser = new Browser();
});
afterEach(() => void vi.useRealTimers());

/** Lets answers come, or the time for them pass. */
async function after<T>(action: Promise<T>): Promise<T> {
  action.catch(() => {});
  let done = false;
  void action.then(() => (done = true), () => (done = true));
  for (let turn = 0; turn < 50 && !done; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!done) await vi.advanceTimersByTimeAsync(20);
  }
  return action;
}

describe("one tab", () => {
  test("goes on with the cookie when the browser was started again", async () => {
    const { session, told } = browser.tab();
    await after(session.restore());
    expect([session.current?.access, told]).toEqual(["access-1", ["begin admin"]]);
  });

  test("has nobody when there is no cookie, and says nothing of it", async () => {
    browser.answer = () => Promise.reject(new ApiError(401, "missing_token"));
    const { session, told } = browser.tab();
    await after(session.restore());
    expect([session.current, told]).toEqual([null, []]);
  });

  test("does not take silence for a no", async () => {
    browser.answer = () => Promise.reject(new ApiError(0, "network"));
    const { session } = browser.tab();
    await expect(after(session.restore())).rejects.toMatchObject({ code: "network" });
  });

  test("gives its token, and another one before that expires", async () => {
    const { session } = browser.tab();
    session.begin(answer("0"));
    expect(await session.token()).toBe("access-0");
    browser.now.ms = 3_600_000 - 119_000;
    expect(await after(session.token())).toBe("access-1");
  });

  test("renews once for all who ask at the same time", async () => {
    const { session } = browser.tab();
    session.begin(answer("0"));
    browser.now.ms = 3_600_000;
    const all = Promise.all([session.token(), session.token(), session.token("access-0")]);
    expect(await after(all)).toEqual(Array(3).fill("access-1"));
    expect(browser.asked).toBe(1);
  });

  test("gives the one that it has when another one was refused", async () => {
    const { session } = browser.tab();
    session.begin(answer("0"));
    expect(await session.token("access-of-before")).toBe("access-0");
    expect(browser.asked).toBe(0);
  });

  test("ends when it is refused, and only then", async () => {
    const { session, told } = browser.tab();
    session.begin(answer("0"));
    browser.answer = () => Promise.reject(new ApiError(0, "network"));
    await expect(after(session.token("access-0"))).rejects.toMatchObject({ code: "network" });
    expect(session.current).not.toBeNull();
    browser.answer = () => Promise.reject(new ApiError(401, "user_disabled"));
    await expect(after(session.token("access-0"))).rejects.toMatchObject({ status: 401 });
    expect([session.current, told]).toEqual([null, ["begin admin", "end user_disabled"]]);
  });

  test("keeps no token where another page of the browser could find it", async () => {
    const { session } = browser.tab();
    session.begin(answer("0"));
    await after(session.token("access-0"));
    expect(JSON.stringify(browser.marks.all())).not.toContain("access");
  });

  test("that could not tell the server that it signed out does so before anything else", async () => {
    browser.end = () => Promise.reject(new ApiError(0, "network"));
    const first = browser.tab();
    first.session.begin(answer("0"));
    await after(first.session.signOut());
    expect([first.session.current, first.told]).toEqual([null, ["begin admin", "end null"]]);
    const next = browser.tab();
    await expect(after(next.session.restore())).rejects.toMatchObject({ code: "network" });
    browser.end = () => Promise.resolve();
    await after(next.session.restore());
    expect([next.session.current, browser.asked]).toEqual([null, 0]);
    await after(next.session.restore());
    expect(browser.asked).toBe(1); // told once: from now on the cookie is asked again
  });
});

describe("several tabs", () => {
  test("share one session: a new one gets it from the others, without the cookie", async () => {
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(answer("0"));
    await after(other.session.restore());
    expect([other.session.current?.access, browser.asked]).toEqual(["access-0", 0]);
  });

  test("that a browser opens again at once use the cookie once", async () => {
    const tabs = Array.from({ length: 20 }, () => browser.tab());
    await after(Promise.all(tabs.map(({ session }) => session.restore())));
    expect(new Set(tabs.map(({ session }) => session.current?.access))).toEqual(new Set(["access-1"]));
    expect(browser.asked).toBe(1);
  });

  test("renew once, whichever begins", async () => {
    const tabs = [browser.tab(), browser.tab(), browser.tab()];
    tabs[0]!.session.begin(answer("0"));
    await after(Promise.all(tabs.map(({ session }) => session.restore())));
    const tokens = await after(Promise.all(tabs.map(({ session }) => session.token("access-0"))));
    expect([tokens, browser.asked]).toEqual([Array(3).fill("access-1"), 1]);
  });

  test("sign in together, and out", async () => {
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(answer("0"));
    await after(Promise.resolve());
    expect(other.told).toEqual(["begin admin"]);
    await after(other.session.signOut());
    expect([one.told, other.told, browser.ended]).toEqual([["begin admin", "end null"], ["begin admin", "end null"], 1]);
  });

  test("begin anew when somebody else signs in", async () => {
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(answer("0"));
    await after(Promise.resolve());
    other.session.begin(answer("9", "s2"));
    await after(Promise.resolve());
    expect(one.told.at(-1)).toBe("replaced");
  });

  test("that hold the cookie of somebody else now begin anew", async () => {
    const { session, told } = browser.tab();
    session.begin(answer("0"));
    browser.answer = () => Promise.resolve(answer("9", "s2"));
    expect(await after(session.token("access-0"))).toBe("access-0"); // refused again, by a page that is being loaded
    expect(told.at(-1)).toBe("replaced");
  });

  test("do not end a session by the end of another", async () => {
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(answer("0", "s1"));
    await after(Promise.resolve());
    other.session.begin(answer("9", "s2"));
    one.session.end("invalid_token");
    await after(Promise.resolve());
    expect(other.session.current?.id).toBe("s2");
  });
});
