/** The real server with the bundled test internet, from the repository's virtual environment, on a port of its own. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Answers, Bodies } from "@/generated/rest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PASSWORD = "correct horse battery staple";
const START_MS = 120_000;

export class RealServer {
  #folder = mkdtempSync(join(tmpdir(), "compliance-page-"));
  #process: ChildProcess | null = null;
  #token = "";
  #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<RealServer> {
    const server = new RealServer(await freePort());
    await server.start();
    await server.signIn();
    return server;
  }

  get base(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Starts the process, with what an earlier one has left. */
  async start(): Promise<void> {
    const command = ["-m", "app.cli", "serve", "--testnet", "--port", String(this.#port), "--data-dir", this.#folder];
    const settings = { // tokens of the shortest life, so that connections must be renewed
      COMPLIANCE_ADMIN_PASSWORD: PASSWORD, COMPLIANCE_LOG_LEVEL: "ERROR", COMPLIANCE_ACCESS_TOKEN_TTL_S: "60",
      COMPLIANCE_WS_TOKEN_WARNING_S: "50",
    };
    const env = { ...process.env, ...settings };
    this.#process = spawn(join(ROOT, ".venv/bin/python"), command, { cwd: ROOT, env, stdio: "ignore" });
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (await fetch(`${this.base}livez`).then(({ ok }) => ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the server does not start");
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A new access token, as `auth` on the socket takes it. */
  async signIn(): Promise<string> {
    this.#token = ""; // one that is no good would be refused before the password is looked at
    this.#token = (await this.call("POST /api/v1/auth/login", {}, { username: "admin", password: PASSWORD })).access_token;
    return this.#token;
  }

  /** What opens one connection. */
  async ticket(): Promise<string> {
    await this.signIn();
    return (await this.call("POST /api/v1/monitor/ws/ticket")).ticket;
  }

  async call<R extends keyof Answers>(
    route: R, parameters: Record<string, string> = {}, body?: R extends keyof Bodies ? Bodies[R] : undefined,
  ): Promise<Answers[R]> {
    const [method, path] = route.split(" ") as [string, string];
    const filled = path.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => parameters[name]!);
    const common = { "Content-Type": "application/json", "Accept-Language": "en" };
    const headers = { ...common, ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) };
    const answer = await fetch(this.base + filled, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!answer.ok) throw Object.assign(new Error(await answer.text()), { status: answer.status });
    return (await answer.json()) as Answers[R];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ending = this.#process;
    this.#process = null;
    if (ending === null || ending.exitCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill(signal);
    await ended;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
