"""The parts of evidence: references, redirect chains, captures, reasons. Every field with a meaning and an example.

Texts of pages come without control characters, and secrets in addresses are masked; `*_name`, `*_text`, `text` and
`summary` are in the reader's language, all other values are stable codes and facts.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.domain.authorship import Author, AuthorSign
from app.domain.certificate_error import CertificateError
from app.domain.decisions import DecisionState
from app.domain.risk import Embedding, Place
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.schemas.comments import CommentInfo
from app.findings.schemas.decisions import AssignmentInfo, DecisionInfo
from app.rest.schemas import Count, ResponseBody


class RiskReason(ResponseBody):
    """One factor of a risk."""

    code: str = described("Code of the factor (docs/analysis.md lists them).", "place.start_page")
    points: int = described("Points added to or subtracted from the score.", 25)
    params: dict[str, Any] = described("Values in the text, by name.", {"depth": 0})
    text: str = described("The same in words.", "on a start page")


class ExplainedRisk(ResponseBody):
    """Risk for the site, with its factors: the score is the sum of the factors, between 0 and 100."""

    level: RiskLevel = described("From 75 on critical, from 50 high, from 25 medium.", "high")
    level_name: str = described("Level in words.", "high")
    score: Annotated[int, Field(ge=0, le=100)] = described("Sum of the points.", 55)
    reasons: list[RiskReason] = described("Factors of the risk.", [])


class Advice(ResponseBody):
    """One step of the recommended action."""

    code: str = described("Code of the step.", "clean_hacked_page")
    text: str = described(
        "The action and its location.", "Remove the reference to casino.example on https://www.example.com/."
    )


class ViolationReference(ResponseBody):
    """A violation that belongs to the finding."""

    violation_id: str = described("Id in the list of violations.", "01a216cc-1a8f-7055-a389-21a926e45f74")
    violation_key: ViolationKey = described("Category of the violation.", "hidden_link")


class EvidenceItem(ResponseBody):
    """One piece of evidence: the result of one rule of one layer of the analysis."""

    violation_id: str = described("Violation that it belongs to.", "01a216cc-1a8f-7055-a389-21a926e45f74")
    violation_key: ViolationKey = described("Category of that violation.", "gambling")
    layer: str = described("reputation, structure, text, image or model.", "text")
    rule: str = described("Rule, list entry, or lexicon.", "lexicon.gambling")
    score: Annotated[float, Field(ge=0, le=1)] = described("Score of this evidence alone.", 0.97)
    whose: Literal["third_party", "site"] = described("Whose page the evidence is from.", "third_party")
    whose_name: str = described("The same in words.", "the third party's page")
    url: str | None = described("URL of the evidence.", "http://casino.example/")
    text: str = described("The rule in words.", "the page's text uses several terms of the trade: baccarat, free spins")
    terms: list[str] = described("The matched terms.", ["baccarat", "free spins"])
    snippet: str = described("Excerpt of the page, with its line breaks.", "Baccarat and free spins, day and night.")
    offset: int | None = described(
        ("Offset of the snippet in the captured text, in characters; null if it is not part of the text."), 194
    )
    hidden_by: str | None = described("Property that hides the link, for hidden links.", "display_none")
    source: str = described("List, lexicon or model, with its date.", "lexicon 2026-11-25")


class SourceMark(ResponseBody):
    """Part of an excerpt of the source."""

    start: Count = described("Offset in the excerpt, in characters.", 3)
    end: Count = described("Offset behind it.", 45)


class SourceExcerpt(ResponseBody):
    """Location of a reference in the stored source of its page."""

    excerpt: str = described(
        "Source code around it, from tag to tag.", '<p><a href="http://casino.example/">Casino</a></p>'
    )
    offset: Count = described("Offset of the excerpt in the decoded source, in characters.", 1204)
    line: Annotated[int, Field(ge=1)] = described("Line of the source in which the element with it starts.", 31)
    column: Annotated[int, Field(ge=1)] = described("Column in that line, in characters.", 4)
    marks: list[SourceMark] = described(
        (
            "The element, and the start and end tags of the one around it whose attributes hide it, in order. Empty if "
            "a masked secret extends beyond them."
        ),
        [],
    )


class ReferenceItem(ResponseBody):
    """One reference of the site to a third party."""

    reference_id: Annotated[int, Field(ge=1)] = described("Number within the scan.", 5)
    page_id: int | None = described("Page that contains it; null for a style sheet.", 13)
    page_url: str = described("URL of the same page.", "https://www.example.com/about.html")
    page_title: str = described("The page's title.", "About us")
    depth: int | None = described("Clicks from a start page.", 1)
    url: str = described("Target URL.", "http://casino.example/")
    third_party: str | None = described("Domain of the third party; null if it is only mentioned.", "casino.example")
    raw: str = described("URL as written.", "http:\\\\casino.example")
    relation: str = described("script, redirect, embed, link or mention.", "link")
    relation_name: str = described("The same in words.", "link")
    kind: str = described(
        "Element and attribute, header, kind of redirect, or format and place (`pdf:link`).", "a[href]"
    )
    kind_name: str = described("The kind in words.", "a[href]")
    dom_path: str | None = described(
        "CSS selector of the element; for a document its page, slide or sheet, in words.",
        "html > body > div:nth-child(6) > a:nth-child(1)",
    )
    snippet: str = described("Start tag and text of the element, or the surrounding text.", '<a href="...">Casino')
    link_text: str = described("Text of the link.", "Casino")
    hidden_by: str | None = described("Property that hides it; null if it is visible.", "display_none")
    hidden_text: str | None = described("The same in words.", "hidden by display:none")
    repeats: Count = described(
        (
            "Number of identical references on the page (same URL, kind, hiding and author) beyond the 20 that are "
            "listed; set on the first of them."
        ),
        0,
    )
    rel: str = described("`rel` of the link.", "nofollow")
    author: Author = described("Whether the site or a user wrote it, as far as it can be determined.", "site")
    author_sign: AuthorSign | None = described("Indicator of user-generated content.", "forum_host")
    author_text: str = described("Both in words.", "the site's own content")
    via: str | None = described("URL of the third party that redirects.", "http://partner.example/")
    loaded_by: list[str] = described(
        (
            "For a request of a rendered page: URLs of the scripts, frames, style sheets and redirects that requested "
            "it, nearest first, then the page; otherwise empty."
        ),
        ["https://tags.example/t.js", "https://www.example.com/"],
    )
    source: SourceExcerpt | None = described(
        "Location in the stored source of the page; null if it was not stored, and in lists.", None
    )


class ChainStep(ResponseBody):
    """One URL of the redirect path."""

    url: str = described("The URL.", "http://partner.example/")
    own: bool = described("The URL belongs to the site.", False)
    how: str | None = described(
        "How this URL was reached: a type of reference, or http, refresh_header, meta, script.", "http"
    )
    how_name: str | None = described("The same in words.", "HTTP redirect")
    kind: str | None = described("Kind of the reference that leads here.", "a[href]")
    kind_name: str | None = described("The kind in words.", "a[href]")
    status: int | None = described("HTTP status of the response.", 302)
    address: str | None = described("IP address of the server.", "192.0.2.7")
    answer_text: str = described(
        "Status and IP address in words, or that one of them is unknown.", "HTTP 302, 192.0.2.7"
    )


class LinkingPage(ResponseBody):
    """Page of the site that links to a URL of the site, which redirects."""

    page_id: Annotated[int, Field(ge=1)] = described("Number within the scan.", 2)
    page_url: str = described("URL of the page.", "https://www.example.com/")
    page_title: str = described("Title of the page.", "Example")
    depth: int = described("Clicks from a start page.", 0)


class RedirectChain(ResponseBody):
    """Path from a page of the site to the captured content."""

    reference_id: Annotated[int, Field(ge=1)] = described("Reference to the third party.", 5)
    origin: ReferenceItem = described(
        "Reference on the site's own page at the start of the path: differs if a third party redirects.", {}
    )
    linked_from: LinkingPage | None = described(
        (
            "If the reference is a redirect of a URL of the site: the page that links to this URL, "
            "with which the path starts. Null if there is none (a start page, a sitemap)."
        ),
        None,
    )
    complete: bool = described("The destination was captured.", True)
    final_url: str = described("Capture of the destination.", "https://casino.example/")
    steps: list[ChainStep] = described("Steps in order; the first is the site's page.", [])


class StoredContent(ResponseBody):
    """A captured content."""

    sha256: str = described("Hash of the content.", "19b995808161013df64fd6a1453a9077c590435d4383c9cb25e27ed0312b817a")
    href: str = described("URL of the content.", "/api/v1/tasks/01a216cc/captures/19b99580")


class DnsRecordItem(ResponseBody):
    """One record of a DNS answer."""

    name: str = described("Owner of the record.", "www.casino.example")
    type: str = described("Type of the record.", "A")
    value: str = described("Value of the record.", "192.0.2.7")
    ttl: int = described("TTL in seconds.", 300)


class DnsAnswerItem(ResponseBody):
    """DNS resolution of the name."""

    outcome: str = described("answer, nodata, nxdomain, servfail, refused or unreachable.", "answer")
    records: list[DnsRecordItem] = described("Chain of names first, then the IP addresses.", [])


class CertificateItem(ResponseBody):
    """Content of the certificate, even if it is not valid."""

    subject: str = described("Subject of the certificate.", "casino.example")
    issuer: str = described("Issuer of the certificate.", "Example CA")
    names: list[str] = described("All names of the certificate.", ["casino.example"])
    not_before: str = described("Start of the validity.", "2026-01-01T00:00:00Z")
    not_after: str = described("End of the validity.", "2027-01-01T00:00:00Z")
    valid: bool = described("The certificate is valid.", True)
    error: str = described("Reason why it is not valid, in words; empty if it is valid.", "it has expired")
    error_code: CertificateError | None = described("The same as a stable code.", "expired")
    error_detail: str = described("Original error message of OpenSSL or the system.", "certificate has expired")


class RegistrationItem(ResponseBody):
    """Registration data of a domain from its registry, over RDAP."""

    domain: str = described("Domain that was queried.", "casino.example")
    state: Literal["registered", "unregistered"] = described("Unregistered: anyone can register it.", "registered")
    source: str = described("Host of the registry's server.", "rdap.registry.example")
    asked_on: str = described("Date of the query.", "2026-11-26")
    registered_on: str = described("Registration date; empty: not stated.", "2024-05-17")
    expires_on: str = described("Expiry date; empty: not stated.", "2027-05-17")
    statuses: list[str] = described("Statuses in RDAP.", ["active"])
    registrar: str = described("Registrar; empty: not stated.", "Example Registrar")


class CaptureItem(ResponseBody):
    """Content of one URL when it was captured."""

    url: str = described("The requested URL.", "http://casino.example/")
    final_url: str = described("URL after all redirects.", "https://www.casino.example/")
    status: Count = described("HTTP status; 0: no response.", 200)
    title: str = described("The page's title.", "Casino")
    captured_at: str | None = described(
        "Time of the capture; null in scans from before it was recorded.", "2026-11-26T07:40:04.623Z"
    )
    page_class: str = described("content, parked, for_sale, expired, icp_block, empty or error.", "content")
    dead: bool = described("The name no longer exists.", False)
    error: str | None = described("Reason why there was no complete response.", "tls")
    addresses: list[str] = described("IP addresses of the requested host.", ["192.0.2.7"])
    dns: DnsAnswerItem | None = described("DNS resolution of the name.", None)
    registration: RegistrationItem | None = described(
        "Registration data of the registry; null if it was not queried, or did not answer.", None
    )
    certificate: CertificateItem | None = described("Certificate of the first https URL; null without one.", None)
    html: StoredContent | None = described("The page's source, byte for byte.", None)
    source: StoredContent | None = described(
        (
            "Source of the requested URL itself, if it redirects the browser or scripts write the "
            "visible content; null if it is `html`."
        ),
        None,
    )
    text: StoredContent | None = described("Visible text of the page; offsets of evidence refer to it.", None)
    screenshot: StoredContent | None = described("Screenshot of the browser.", None)


class FindingSummary(ResponseBody):
    """A finding: one per domain and cause; a hidden link and the content it leads to are one finding."""

    finding_id: str = described("The same in every attempt and scan.", "gambling.casino.example")
    domain: str = described("Domain of the third party, or of the site itself.", "casino.example")
    violation_key: ViolationKey = described("Cause of the finding.", "gambling")
    violation_name: str = described("Cause in words.", "Gambling")
    summary: str = described(
        "Summary of the finding in one sentence.", "The site's pages link to a gambling site, casino.example."
    )
    risk: ExplainedRisk = described("Risk of its worst reference, with its factors.", {})
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("Confidence of the cause.", 0.97)
    needs_review: bool = described("A person should review the finding before action is taken.", False)
    violations: list[ViolationReference] = described("Violations that belong to the finding.", [])
    embedding: Embedding = described("How the site refers to it.", "link")
    place: Place = described("Location of the finding on the site.", "start_page")
    depth: int | None = described("Clicks from a start page, of the worst reference.", 0)
    hidden_by: str | None = described("Property that hides the worst reference.", "display_none")
    hidden_text: str | None = described("The same in words.", "hidden by display:none")
    author: Author = described("Author of the worst reference.", "site")
    author_text: str = described("The same in words.", "the site's own content")
    page_url: str | None = described("Page of the site that contains the worst reference.", "https://www.example.com/")
    url: str | None = described("URL at which the content was seen.", "https://casino.example/vip")
    via: str | None = described("Host of the third party that redirects there.", "partner.example")
    found_at: str = described("Time at which the first of its violations was found.", "2026-11-26T07:40:04.623Z")
    last_seen_at: str = described("Time at which the scan assessed it last.", "2026-11-26T07:41:12.087Z")
    state: DecisionState = described(
        "The decision that applies; `open`: undecided, withdrawn, expired, or reopened by new evidence.", "open"
    )
    decision: DecisionInfo | None = described("Decision about it; null: undecided.", None)
    assignment: AssignmentInfo | None = described(
        "Who takes care of it, and until when; null: it was never assigned.", None
    )
    comment_count: Count = described("Number of comments on it.", 1)
    last_comment: CommentInfo | None = described("The newest comment; null: there is none.", None)
    screenshot: StoredContent | None = described("Screenshot of its page; null if there is none.", None)
