/** A question with two answers, in the browser's own dialog. */

import { h } from "../dom.js";

/** Promises whether `action` was chosen. Escape and a click beside it mean no. `look`: of the button that does it. */
export function confirmAction(t, { question, more, action, look = "danger" }) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "confirm", "aria-labelledby": "confirm-question" },
      h("form", { method: "dialog" },
        h("h2", { id: "confirm-question" }, question),
        h("p", {}, more),
        h("div", { class: "buttons" },
          h("button", { value: "no", class: "quiet bordered", autofocus: true }, t("app.keep")),
          h("button", { value: "yes", class: look }, action),
        ),
      ),
    );
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close("no");
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
