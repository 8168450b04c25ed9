/** Who the page calls as, and how that is changed. */

import { h, setText, show } from "../dom.js";
import { errorText } from "../errors.js";

export function createAccessView({ t, access }) {
  const slot = h("div", {});
  const element = h("section", { id: "access", class: "card access", "aria-labelledby": "access-title" },
    h("h2", { id: "access-title" }, t("reference.access")),
    slot,
  );

  function draw() {
    const { kind, username } = access.state;
    slot.replaceChildren(kind === "none" ? createForms({ t, access }) : createState({ t, access, kind, username }));
  }

  draw();
  return { element, draw };
}

function createState({ t, access, kind, username }) {
  const said = kind === "session" ? t("reference.as_user", { username }) : t("reference.as_token");
  const leave = kind === "session" ? t("app.sign_out") : t("reference.forget");
  return h("div", { class: "access-state" },
    h("p", {}, said),
    h("button", { type: "button", class: "bordered small", on: { click: () => access.leave() } }, leave),
  );
}

function createForms({ t, access }) {
  const username = h("input", { id: "username", name: "username", autocomplete: "username", required: true, maxlength: 254, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 256 });
  const token = h("input", { id: "token", type: "password", autocomplete: "off", required: true, maxlength: 8192, spellcheck: "false" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const signIn = async (event) => {
    event.preventDefault();
    show(problem, false);
    try {
      await access.signIn(username.value, password.value);
    } catch (error) {
      setText(problem, errorText(t, error));
      show(problem, true);
    }
  };
  const paste = (event) => {
    event.preventDefault();
    access.paste(token.value);
  };
  return h("div", { class: "access-forms" },
    h("form", { on: { submit: signIn } },
      h("div", { class: "row" },
        h("div", {}, h("label", { for: "username" }, t("signin.username")), username),
        h("div", {}, h("label", { for: "password" }, t("signin.password")), password),
        h("button", { type: "submit", class: "primary" }, t("signin.submit")),
      ),
      problem,
    ),
    h("form", { on: { submit: paste } },
      h("div", { class: "row" },
        h("div", {}, h("label", { for: "token" }, t("reference.token")), token),
        h("button", { type: "submit", class: "bordered" }, t("reference.use_token")),
      ),
    ),
    h("p", { class: "muted small" }, t("reference.access_hint")),
  );
}
