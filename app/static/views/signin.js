/** Signing in. */

import { h, logo, setText, show } from "../dom.js";
import { errorText } from "../errors.js";

export function createSignin(app) {
  const { t } = app;
  const username = h("input", { id: "username", name: "username", autocomplete: "username", required: true, maxlength: 254, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 256 });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "primary wide", type: "submit" }, t("signin.submit"));

  const say = (text) => {
    setText(problem, text);
    show(problem, Boolean(text));
  };
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    setText(button, t("signin.busy"));
    say("");
    try {
      await app.signIn(username.value, password.value);
    } catch (error) {
      say(errorText(app.t, error));
      password.select();
    } finally {
      button.disabled = false;
      setText(button, t("signin.submit"));
    }
  };

  const form = h("form", { class: "card signin-card", on: { submit } },
    h("h2", {}, t("signin.title")),
    h("label", { for: "username" }, t("signin.username")), username,
    h("label", { for: "password" }, t("signin.password")), password,
    problem,
    button,
    h("p", { class: "hint" }, t("signin.hint")),
  );
  const features = ["stages", "violations", "resume"].map((name) => h("li", {}, t(`signin.feature_${name}`)));
  const element = h("main", { class: "signin", id: "content" },
    h("div", { class: "signin-intro" },
      logo(),
      h("h1", {}, t("app.name")),
      h("p", { class: "tagline" }, t("app.tagline")),
      h("ul", { class: "features" }, features),
    ),
    form,
    h("button", { class: "quiet language", type: "button", "aria-label": app.offered("language.switch"), on: { click: () => app.switchLanguage() } }, app.offered("language.name")),
  );

  if (app.endedBy !== undefined) say(t(app.endedBy === "user_disabled" ? "signin.ended_disabled" : "signin.ended"));
  return { element, dispose() {}, ready: () => username.focus() };
}
