/** What was captured: screenshot, time, addresses, certificate, and the contents with their hashes. */

import { h } from "../../dom.js";
import { formatInstant } from "../../format.js";
import { textOfCode } from "../../texts.js";
import { copyable, factList, foreign } from "./parts.js";

const CONTENTS = { html: "html.txt", source: "html.txt", text: "txt", screenshot: "jpg" }; // endings of the files that are saved

export function captureItem({ app, t, contents }, capture) {
  return h("li", { class: "capture" },
    capture.screenshot && contents.screenshot(capture.screenshot, capture.title || capture.url),
    h("div", { class: "capture-facts" },
      factList(
        [t("capture.url"), copyable(app, capture.url)],
        [t("capture.final_url"), capture.final_url !== capture.url && copyable(app, capture.final_url)],
        [t("reference.title"), capture.title && foreign(capture.title)],
        [t("capture.answer"), answerOf(t, capture)],
        [t("capture.time"), capture.captured_at && formatInstant(capture.captured_at, t.language)],
        [t("capture.dns"), dnsOf(t, capture)],
        [t("capture.registration"), capture.registration && registration(t, capture.registration)],
        [t("capture.certificate"), capture.certificate && certificate(t, capture.certificate)],
        [t("capture.no_screenshot"), !capture.screenshot && t("capture.no_screenshot_kept")],
      ),
      stored({ app, t, contents }, capture),
    ),
  );
}

function answerOf(t, { status, dead, error, page_class: kind }) {
  if (dead) return t("capture.dead");
  const failed = error && textOfCode(t, "capture_error", error);
  const shown = status ? t("chain.status", { status: String(status) }) : t("capture.no_answer");
  return [shown, failed, textOfCode(t, "page_class", kind)].filter(Boolean).join(t("finding.separator"));
}

function dnsOf(t, { dns, addresses }) {
  if (!dns) return addresses.length ? foreign(addresses.join(", ")) : null;
  if (!dns.records.length) return textOfCode(t, "dns", dns.outcome);
  return h("ul", {}, dns.records.map((record) => h("li", {}, foreign(`${record.name} ${record.type} ${record.value}`, "code"))));
}

function registration(t, { domain, state, registered_on: from, expires_on: until, registrar, statuses, source }) {
  if (state === "unregistered") return h("strong", { class: "alarm" }, t("capture.unregistered", { domain, source }));
  const time = t("capture.registration_time", { from: from || "?", until: until || "?" });
  return h("span", {}, foreign([domain, registrar, ...statuses].filter(Boolean).join(" · ")), " ", time);
}

function certificate(t, { subject, issuer, not_before: from, not_after: until, valid, error }) {
  const time = t("capture.certificate_time", { from: from.slice(0, 10), until: until.slice(0, 10) });
  return h("span", {},
    foreign(t("capture.certificate_of", { subject, issuer })), time,
    valid ? t("capture.valid") : h("strong", { class: "alarm" }, t("capture.invalid"), foreign(error)),
  );
}

function stored({ app, t, contents }, capture) {
  const kept = Object.keys(CONTENTS).filter((kind) => capture[kind]);
  return kept.length > 0 && h("ul", { class: "stored" }, kept.map((kind) =>
    h("li", {},
      contents.saveButton(capture[kind], t(`content.${kind}`), CONTENTS[kind]),
      h("span", { class: "hash small" }, h("span", { class: "muted" }, "SHA-256 "), copyable(app, capture[kind].sha256)),
    ),
  ));
}
