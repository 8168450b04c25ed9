/** Puts the page together: language, session, live connection, and the view that the address names. */

import { Api } from "./api.js";
import { h, setText } from "./dom.js";
import { Realtime } from "./realtime.js";
import { addressOf, parseRoute } from "./route.js";
import { chooseLanguage, createTexts, nextLanguage, textOfCode } from "./texts.js";
import { createAttemptView } from "./views/attempt.js";
import { createDetailView } from "./views/detail.js";
import { createFrame } from "./views/frame.js";
import { createSignin } from "./views/signin.js";
import { createTaskView } from "./views/task.js";
import { createTasksView } from "./views/tasks.js";

const LANGUAGE_KEY = "compliance.language";
const TOAST_MS = 7_000;

const query = new URLSearchParams(location.search);
const address = (path) => new URL(path, document.baseURI);

class App {
  constructor() {
    this.api = new Api({
      base: address("api/v1/").href,
      session: { storage: sessionStorage, channel: new BroadcastChannel("compliance.session") },
    });
    this.#setLanguage(chooseLanguage({
      query: query.get("lang"),
      remembered: localStorage.getItem(LANGUAGE_KEY),
      preferred: navigator.languages,
    }));
    this.api.session.onEnd = (code) => this.#signedOut(code);
    this.realtime = new Realtime({
      openSocket: (ticket) => openSocket(ticket, this.language),
      getTicket: () => this.api.ticket(),
      getToken: () => this.api.freshToken(),
      clock: { now: () => Date.now(), after: startTimer },
      random: Math.random,
      listener: {
        onStatus: (status) => this.#onStatus(status),
        onNotice: (frame) => this.#onNotice(frame),
        onBroadcast: (frame) => this.#onBroadcast(frame),
      },
    });
    this.broadcasts = new Set(); // ids of those that were shown
    this.targets = new Map(); // task id -> target domain, for notices that do not name it
    this.suggestedTarget = query.get("target") ?? "";
    this.endedBy = undefined; // code of the end of the last session; undefined: there was none
    this.view = null;
    this.frame = null;
  }

  run() {
    addEventListener("hashchange", () => this.#show());
    addEventListener("online", () => this.realtime.wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.realtime.wake());
    addEventListener("pageshow", (event) => event.persisted && this.realtime.wake());
    this.#applyLanguage();
    if (this.api.session.current) this.realtime.start();
    this.#show();
  }

  switchLanguage() {
    this.#setLanguage(nextLanguage(this.language));
    localStorage.setItem(LANGUAGE_KEY, this.language);
    this.#applyLanguage();
    this.#dropFrame();
    this.#show();
    this.realtime.restart(); // frames come in the language that the connection was opened with
  }

  async signIn(username, password) {
    await this.api.login(username, password);
    this.endedBy = undefined;
    this.realtime.start();
    this.#show();
  }

  async signOut() {
    this.realtime.stop();
    await this.api.logout().catch(() => {}); // the session is forgotten here; the server's copy expires
  }

  /** The title of the tab: what the view shows, then the product. */
  setTitle(text) {
    document.title = text ? `${text} · ${this.t("app.name")}` : this.t("app.name");
  }

  /** Says something to screen readers. */
  announce(text) {
    setText(document.getElementById("announcer"), text);
  }

  /** A short message at the edge. `kind`: info, success, warning or error. One with a `href` replaces its like. */
  toast(text, { kind = "info", href = null } = {}) {
    const box = document.getElementById("toasts");
    if (href) box.querySelector(`a[href="${CSS.escape(href)}"]`)?.parentNode.remove();
    const close = () => toast.remove();
    const button = h("button", { type: "button", class: "toast-close", "aria-label": this.t("app.close"), on: { click: close } }, "×");
    const body = href ? h("a", { href, on: { click: close } }, text) : h("span", {}, text);
    const toast = h("div", { class: `toast ${kind}` }, body, button);
    box.append(toast);
    while (box.children.length > 4) box.firstChild.remove();
    setTimeout(close, TOAST_MS);
  }

  /** `offered` has the texts of the language that the reader may switch to: its name, and how to get there. */
  #setLanguage(language) {
    this.language = this.api.language = language;
    this.t = createTexts(language);
    this.offered = createTexts(nextLanguage(language));
  }

  #applyLanguage() {
    document.documentElement.lang = this.language;
    this.setTitle(null);
  }

  #show() {
    this.view?.dispose();
    this.view = null;
    if (!this.api.session.current) {
      this.#dropFrame();
      this.view = createSignin(this);
      document.getElementById("app").replaceChildren(this.view.element);
    } else {
      this.#ensureFrame();
      this.view = this.#createView(parseRoute(location.hash));
      this.frame.setView(this.view.element);
      scrollTo(0, 0);
    }
    this.view.ready?.();
  }

  #createView(route) {
    if (route.view === "tasks") return createTasksView(this);
    if (route.view === "detail") return createDetailView(this, route);
    return route.attempt === null ? createTaskView(this, route) : createAttemptView(this, route);
  }

  #ensureFrame() {
    if (this.frame) return;
    this.frame = createFrame(this);
    document.getElementById("app").replaceChildren(this.frame.element);
  }

  #dropFrame() {
    this.frame?.dispose();
    this.frame = null;
  }

  #signedOut(code) {
    this.realtime.stop();
    this.endedBy = code ?? undefined;
    this.#show();
  }

  #onStatus(status) {
    this.frame?.update(status);
    if (status.phase === "stopped" && status.reason !== "connection_limit") {
      this.api.session.end(status.reason === "user_disabled" ? "user_disabled" : "invalid_token");
    } else {
      this.view?.onStatus?.(status);
    }
  }

  #onNotice(frame) {
    if (frame.target_domain) this.targets.set(frame.task_id, frame.target_domain);
    const isElsewhere = this.view?.taskId !== undefined && this.view.taskId !== frame.task_id; // the list shows all
    if (frame.type === "violation_detected" && isElsewhere) this.#tellViolation(frame);
    this.view?.onNotice?.(frame);
  }

  #tellViolation(frame) {
    const { domain, risk_level: risk } = frame.violation;
    const target = this.targets.get(frame.task_id) ?? textOfCode(this.t, "violation", frame.violation_key);
    const kind = risk === "critical" || risk === "high" ? "error" : "warning";
    this.toast(this.t("violations.elsewhere", { target, domain }), { kind, href: addressOf({ taskId: frame.task_id }) });
  }

  /** What is kept is said again at each connection. */
  #onBroadcast(frame) {
    if (this.broadcasts.has(frame.broadcast_id)) return;
    this.broadcasts.add(frame.broadcast_id);
    this.toast(`${this.t("live.broadcast", { sender: frame.sender })}: ${frame.message}`, { kind: frame.level });
  }
}

function openSocket(ticket, language) {
  const url = address("api/v1/monitor/ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  url.searchParams.set("lang", language);
  return new WebSocket(url);
}

function startTimer(ms, action) {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

new App().run();
