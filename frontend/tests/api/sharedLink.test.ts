import { describe, expect, test } from "vitest";

import { Api } from "@/api/client";
import { sharedLinkOf } from "@/api/sharedLink";

import { Marks } from "../support/marks";

const TASK = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10";
const TOKEN = `dcsl_${"a1".repeat(21)}`;

describe("a read-only link", () => {
  test("is found in the address of each of its views", () => {
    for (const tail of ["", "/findings/gambling.casino.test", "?tab=pages"]) {
      expect(sharedLinkOf(`#/shared/${TASK}/${TOKEN}${tail}`)).toEqual({ taskId: TASK, token: TOKEN });
    }
  });

  test.each(["", "#/", "#/scans", `#/shared/${TASK}`, `#/shared/${TASK}/`, `#/shared/${TASK}/dcsk_${"a1".repeat(21)}`, `#/scans/shared/${TASK}/${TOKEN}`, `#/shared/..%2F/${TOKEN}`])("is not in %s", (hash) => {
    expect(sharedLinkOf(hash)).toBeNull();
  });

  test("goes with each call, and no session is asked for when it is refused", async () => {
    const asked: string[] = [];
    const send: typeof fetch = async (url, init) => {
      asked.push(`${new URL(String(url)).pathname} ${new Headers(init?.headers).get("Authorization")}`);
      return Response.json({ code: "invalid_token" }, { status: 401 });
    };
    const api = new Api({ base: "http://page.test/", session: { marks: new Marks() }, link: TOKEN, fetch: send });
    await expect(api.call("GET /api/v1/tasks/{task_id}", { path: { task_id: TASK } })).rejects.toMatchObject({ status: 401 });
    expect(asked).toEqual([`/api/v1/tasks/${TASK} Bearer ${TOKEN}`]);
  });
});
