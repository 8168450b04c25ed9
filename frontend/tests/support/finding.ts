/** A finding as REST gives it: a casino behind a partner, in a hidden link, with texts that would be markup. */

import type { AssignmentInfo, CaptureItem, CommentInfo, DecisionInfo, FindingDetail, ReferenceItem } from "@/generated/rest";

export const HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>';
export const [HOME, PARTNER, CASINO] = ["https://www.corp.test/", "http://partner.test/", "http://casino.test/"];
export const SHA = "19b995808161013df64fd6a1453a9077c590435d4383c9cb25e27ed0312b817a";

export function reference(id: number, more: Partial<ReferenceItem> = {}): ReferenceItem {
  return {
    reference_id: id, page_id: 1, page_url: `${HOME}${id}`, page_title: HOSTILE, depth: 0, url: PARTNER, third_party: "partner.test",
    raw: PARTNER, relation: "link", relation_name: "link", kind: "a[href]", kind_name: "a[href]", dom_path: "html > body > a", snippet: `<a href="${PARTNER}">`,
    link_text: HOSTILE, hidden_by: "tiny_box", hidden_text: "in a tiny box", repeats: 2, rel: "", author: "site", author_sign: null,
    author_text: "the site's own content", via: null, loaded_by: [], source: { excerpt: `<p><a href="${PARTNER}">${HOSTILE}</a>`, offset: 12, line: 3, column: 4, marks: [] }, ...more,
  };
}

export function capture(more: Partial<CaptureItem> = {}): CaptureItem {
  return {
    url: CASINO, final_url: CASINO, status: 200, title: HOSTILE, captured_at: "2026-11-27T02:00:00Z", page_class: "content", dead: false,
    error: null, addresses: ["192.0.2.7"], dns: null, registration: null, certificate: null, html: null, source: null, text: null,
    screenshot: { sha256: SHA, href: "/x" }, ...more,
  };
}

export function finding(more: Partial<FindingDetail> = {}): FindingDetail {
  const step = { how: null, how_name: null, kind: null, kind_name: null, status: 200, address: null, answer_text: "HTTP 200" };
  return {
    finding_id: "gambling.casino.test", domain: "casino.test", violation_key: "gambling", violation_name: "Gambling", summary: HOSTILE,
    risk: { level: "high", level_name: "high", score: 55, reasons: [
      { code: "kind", points: 60, params: {}, text: "gambling" }, { code: "author", points: -5, params: {}, text: "of a visitor" },
      { code: "place.deep", points: 0, params: {}, text: "deep in the site" },
    ] },
    confidence_score: 0.97, needs_review: true, violations: [], embedding: "partner_redirect", place: "start_page", depth: 0,
    hidden_by: "tiny_box", hidden_text: "in a tiny box", author: "site", author_text: "the site's own content", url: CASINO, page_url: HOME, via: PARTNER,
    found_at: "2026-11-27T02:00:00Z", last_seen_at: "2026-11-27T02:00:09Z", attempt: 1,
    evidence: [{
      violation_id: "v1", violation_key: "gambling", layer: "text", rule: "lexicon.gambling", score: 0.97, whose: "third_party",
      whose_name: "the third party's page", url: CASINO, text: "terms of the trade", terms: ["Baccarat"],
      snippet: `BACCARAT and ${HOSTILE}`, offset: 9, hidden_by: null, source: "lexicon",
    }],
    references: [reference(1)], reference_count: 1,
    chains: [{
      reference_id: 1, origin: reference(1), linked_from: null, complete: true, final_url: CASINO,
      steps: [
        { ...step, url: HOME, own: true }, { ...step, url: PARTNER, own: false, how_name: "link", kind: "a[href]" },
        { ...step, url: CASINO, own: false, how_name: "HTTP redirect" },
      ],
    }],
    captures: [capture()], site_captures: [], third_party: null, advice: [{ code: "a", text: "Remove the link." }], state: "open", decision: null, assignment: null, comment_count: 0, last_comment: null, comments: [], screenshot: null, ...more,
  };
}

export function decision(more: Partial<DecisionInfo> = {}): DecisionInfo {
  return { state: "confirmed", reason: null, expires_on: null, decided_by: "mei", decided_at: "2026-11-27T03:00:00Z", version: 1, holds: true, expired: false, ...more };
}

export function assignment(more: Partial<AssignmentInfo> = {}): AssignmentInfo {
  return { assignee: { user_id: "u1", username: "mei" }, due_on: null, changed_by: "mei", changed_at: "2026-11-27T03:00:00Z", version: 1, ...more };
}

export function comment(text: string, more: Partial<CommentInfo> = {}): CommentInfo {
  return { author: "mei", created_at: "2026-11-27T03:00:00Z", text, ...more };
}
