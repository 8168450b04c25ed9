/** What stands around every view of somebody signed in: the bar with the state of the connection. */

import { h, logo, setAttribute, setText, show } from "../dom.js";

const SHOW_AGE_FROM_S = 10; // a living connection hears something every 10 s, if only a pong; younger is simply live
const STALE_AFTER_S = 13;

export function createFrame(app) {
  const { t } = app;
  const state = h("span", { class: "live-text" });
  const age = h("span", { class: "live-age" });
  const retry = h("button", { class: "quiet small", type: "button", hidden: true });
  retry.addEventListener("click", () => {
    if (app.realtime.status.phase === "stopped") app.realtime.start();
    else app.realtime.retryNow();
  });
  const live = h("div", { class: "live", data: { phase: "idle" } }, h("span", { class: "dot", "aria-hidden": "true" }), state, age, retry);
  const slot = h("main", { id: "content", tabindex: "-1" });
  const skip = h("a", { class: "skip", href: "#content", on: { click: (event) => { event.preventDefault(); slot.focus(); } } }, t("app.skip"));
  const element = h("div", { class: "frame" },
    skip,
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "#/tasks" }, logo(), h("span", {}, t("app.name"))),
      live,
      h("div", { class: "bar-end" },
        h("button", { class: "quiet", type: "button", "aria-label": app.offered("language.switch"), on: { click: () => app.switchLanguage() } }, app.offered("language.name")),
        h("span", { class: "user" }, app.api.session.current?.username ?? ""),
        h("button", { class: "quiet", type: "button", on: { click: () => app.signOut() } }, t("app.sign_out")),
      ),
    ),
    slot,
  );

  /** Screen readers hear of a cut and of its end, not of every second between. */
  let wasLive = null;
  function announce(phase) {
    if (phase === "connecting" || phase === "idle") return;
    const isLive = phase === "online";
    if (wasLive !== null && isLive !== wasLive) app.announce(t(isLive ? "live.announce_back" : "live.announce_lost"));
    wasLive = isLive;
  }

  function update(status) {
    announce(status.phase);
    const look = describe(t, status, Date.now());
    setAttribute(live, "data-phase", look.phase);
    setText(state, look.text);
    setText(age, look.age);
    setAttribute(live, "title", look.title);
    show(retry, look.button !== null);
    setText(retry, look.button ?? "");
  }

  const timer = setInterval(() => update(app.realtime.status), 1_000);
  update(app.realtime.status);
  return {
    element,
    update,
    setView: (view) => slot.replaceChildren(view),
    dispose: () => clearInterval(timer),
  };
}

/** How the state of the connection looks: `{phase, text, age, title, button}`. */
export function describe(t, status, now) {
  const seconds = status.lastFrameAt === null ? null : Math.max(0, Math.floor((now - status.lastFrameAt) / 1_000));
  const time = seconds === null ? "" : t("time.seconds", { count: seconds });
  const title = seconds === null ? null : t("live.age_label", { time });
  switch (status.phase) {
    case "online":
      if (seconds > STALE_AFTER_S) return { phase: "stale", text: t("live.stale", { time }), age: "", title, button: null };
      return { phase: "online", text: t("live.online"), age: seconds >= SHOW_AGE_FROM_S ? t("live.age", { time }) : "", title, button: null };
    case "waiting": {
      const count = Math.max(0, Math.ceil((status.retryAt - now) / 1_000));
      return { phase: "waiting", text: t("live.waiting", { count }), age: "", title, button: t("live.now") };
    }
    case "stopped":
      return { phase: "stopped", text: t("live.stopped"), age: "", title, button: t("live.here") };
    default:
      return { phase: "connecting", text: t("live.connecting"), age: "", title, button: null };
  }
}
