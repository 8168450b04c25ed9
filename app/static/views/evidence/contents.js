/** Captured contents of a scan: screenshots that are shown, sources and texts that are saved. Fetched with the token. */

import { h, icon, saveFile } from "../../dom.js";
import { errorText } from "../../errors.js";

const PICTURE = "image/jpeg"; // screenshots come encoded anew; anything else is none

export function createContents(app, scope) {
  const { t } = app;
  const addresses = []; // of pictures in memory
  let disposed = false;

  async function load(picture, note, sha256) {
    try {
      const blob = await app.api.contentFile(scope, sha256);
      if (disposed) return;
      if (blob.type !== PICTURE) throw new Error("The server gave no picture.");
      picture.src = URL.createObjectURL(blob);
      addresses.push(picture.src);
      note.remove();
    } catch (error) {
      note.textContent = t("capture.screenshot_failed", { reason: errorText(t, error) });
    }
  }

  return {
    /** A screenshot, small; a click shows it in full. */
    screenshot({ sha256 }, title) {
      const picture = h("img", { alt: t("capture.screenshot_of", { title }) });
      const note = h("span", { class: "muted small" }, t("app.loading"));
      const frame = h("button", { class: "screenshot", type: "button", "aria-expanded": "false", title: t("capture.enlarge") }, picture, note);
      frame.addEventListener("click", () => {
        const large = frame.getAttribute("aria-expanded") === "true";
        frame.setAttribute("aria-expanded", String(!large));
      });
      load(picture, note, sha256);
      return frame;
    },

    /** A button that saves a content. */
    saveButton({ sha256 }, label, ending) {
      const save = async () => {
        try {
          saveFile(await app.api.contentFile(scope, sha256), `${sha256}.${ending}`);
        } catch (error) {
          app.toast(errorText(t, error), { kind: "error" });
        }
      };
      return h("button", { class: "quiet bordered small", type: "button", on: { click: save } }, icon("download"), label);
    },

    dispose() {
      disposed = true;
      addresses.forEach((address) => URL.revokeObjectURL(address));
    },
  };
}
