"""The parts of evidence: references, redirect chains, captures, reasons. Every field with a meaning and an example.

Texts of pages come without control characters, and secrets in addresses are masked; `*_name`, `*_text`, `text` and
`summary` are in the reader's language, all other values are stable codes and facts.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.domain.authorship import Author, AuthorSign
from app.domain.certificate_error import CertificateError
from app.domain.risk import Embedding, Place
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.schemas.decisions import DecisionInfo
from app.rest.schemas import Count, ResponseBody


class RiskReason(ResponseBody):
    """One summand of a risk."""

    code: str = described("What it is about (docs/analysis.md has all of them).", "place.start_page")
    points: int = described("What it adds to the score, or takes away.", 25)
    params: dict[str, Any] = described("The values in the text, by name.", {"depth": 0})
    text: str = described("The same in words.", "on a start page")


class ExplainedRisk(ResponseBody):
    """How bad it is for the site, and why: the score is the sum of the reasons, between 0 and 100."""

    level: RiskLevel = described("From 75 on critical, from 50 high, from 25 medium.", "high")
    level_name: str = described("The level in words.", "high")
    score: Annotated[int, Field(ge=0, le=100)] = described("The sum.", 55)
    reasons: list[RiskReason] = described("What makes it.", [])


class Advice(ResponseBody):
    """One step of what is to be done."""

    code: str = described("Which step.", "clean_hacked_page")
    text: str = described("What to do, where.", "Remove the reference to casino.example on https://www.example.com/.")


class ViolationReference(ResponseBody):
    """A violation that speaks of the finding."""

    violation_id: str = described("Its id in the list of violations.", "01a216cc-1a8f-7055-a389-21a926e45f74")
    violation_key: ViolationKey = described("Its kind.", "hidden_link")


class EvidenceItem(ResponseBody):
    """What speaks for it: one rule that one layer of the analysis has applied."""

    violation_id: str = described("The violation that it belongs to.", "01a216cc-1a8f-7055-a389-21a926e45f74")
    violation_key: ViolationKey = described("That violation's kind.", "gambling")
    layer: str = described("reputation, structure, text, image or model.", "text")
    rule: str = described("The rule, entry of a list, or lexicon.", "lexicon.gambling")
    score: Annotated[float, Field(ge=0, le=1)] = described("What this alone would say.", 0.97)
    whose: Literal["third_party", "site"] = described("Whose page is quoted.", "third_party")
    whose_name: str = described("The same in words.", "the third party's page")
    url: str | None = described("Where it was seen.", "http://casino.example/")
    text: str = described("The rule in words.", "the page's text uses several terms of the trade: baccarat, free spins")
    terms: list[str] = described("What was found, in full.", ["baccarat", "free spins"])
    snippet: str = described("A quotation; line breaks are line breaks.", "Baccarat and free spins, day and night.")
    offset: int | None = described("Of the snippet in the captured text, in characters; null when not of that.", 194)
    hidden_by: str | None = described("The property that hides the link, for hidden links.", "display_none")
    source: str = described("Which list, lexicon or model, with its date.", "lexicon 2026-11-25")


class SourceExcerpt(ResponseBody):
    """Where a reference stands in the stored source of its page."""

    excerpt: str = described("The source around it.", '<p><a href="http://casino.example/">Casino</a></p>')
    offset: Count = described("Of the excerpt in the decoded source, in characters.", 1204)
    line: Annotated[int, Field(ge=1)] = described("Line of the source in which the excerpt begins.", 31)


class ReferenceItem(ResponseBody):
    """One place of the site that refers to a third party."""

    reference_id: Annotated[int, Field(ge=1)] = described("Its number within the scan.", 5)
    page_id: int | None = described("The page that it stands on; null for a style sheet.", 13)
    page_url: str = described("The same page's address.", "https://www.example.com/about.html")
    page_title: str = described("The page's title.", "About us")
    depth: int | None = described("Clicks from a start page.", 1)
    url: str = described("Where it leads.", "http://casino.example/")
    third_party: str | None = described(
        "The third party's domain; null when nothing but a mention leads to it.", "casino.example"
    )
    raw: str = described("The address as written.", "http:\\\\casino.example")
    relation: str = described("script, redirect, embed, link or mention.", "link")
    relation_name: str = described("The same in words.", "link")
    kind: str = described(
        "Element and attribute, header, kind of redirect, or format and place (`pdf:link`).", "a[href]"
    )
    kind_name: str = described("The kind in words, as a reader is told it.", "a[href]")
    dom_path: str | None = described(
        "A CSS selector of the element, when it is one; of a document its page, slide or sheet, in words.",
        "html > body > div:nth-child(6) > a:nth-child(1)",
    )
    snippet: str = described("The element's start tag and text, or what stands around.", '<a href="...">Casino')
    link_text: str = described("What the link reads.", "Casino")
    hidden_by: str | None = described("The property that hides it; null when it can be seen.", "display_none")
    hidden_text: str | None = described("The same in words.", "hidden by display:none")
    repeats: Count = described(
        "How many more references of the page are equal to it (address, kind, hiding, author) and are not listed: the "
        "first 20 are, and the first of them counts the others.",
        0,
    )
    rel: str = described("The link's `rel`.", "nofollow")
    author: Author = described("Whether the site or a visitor wrote it, as far as it can be told.", "site")
    author_sign: AuthorSign | None = described("Why it is taken for a visitor's.", "forum_host")
    author_text: str = described("Both in words.", "the site's own content")
    via: str | None = described("The third party's address whose redirect it is.", "http://partner.example/")
    source: SourceExcerpt | None = described(
        "Where it stands in the page's stored source; null when that was not stored, and in lists.", None
    )


class ChainStep(ResponseBody):
    """One address on the way."""

    url: str = described("The address.", "http://partner.example/")
    own: bool = described("It belongs to the site.", False)
    how: str | None = described("What leads here: a relation, or http, refresh_header, meta, script.", "http")
    how_name: str | None = described("The same in words.", "HTTP redirect")
    kind: str | None = described("Of the reference that leads here.", "a[href]")
    kind_name: str | None = described("The kind in words, as a reader is told it.", "a[href]")
    status: int | None = described("With which it answered.", 302)
    address: str | None = described("From which address.", "192.0.2.7")
    answer_text: str = described("Both in words, also that one of them is not known.", "HTTP 302, 192.0.2.7")


class LinkingPage(ResponseBody):
    """The page of the site that links to one of its own addresses, which forwards."""

    page_id: Annotated[int, Field(ge=1)] = described("Its number within the scan.", 2)
    page_url: str = described("Its address.", "https://www.example.com/")
    page_title: str = described("Its title.", "Example")
    depth: int = described("Clicks from a start page.", 0)


class RedirectChain(ResponseBody):
    """The way from a page of the site to what was captured."""

    reference_id: Annotated[int, Field(ge=1)] = described("The reference that names the third party.", 5)
    origin: ReferenceItem = described(
        "The reference on the site's own page with which it begins: another one when a third party forwards.", {}
    )
    linked_from: LinkingPage | None = described(
        "When that is a redirect of one of the site's own addresses: the page that named the address first, with which "
        "the steps begin. Null when no page did (a start page, a sitemap).",
        None,
    )
    complete: bool = described("Something was captured at its end.", True)
    final_url: str = described("What was captured at its end.", "https://casino.example/")
    steps: list[ChainStep] = described("In order; the first is the site's page.", [])


class StoredContent(ResponseBody):
    """A captured content."""

    sha256: str = described("Its hash.", "19b995808161013df64fd6a1453a9077c590435d4383c9cb25e27ed0312b817a")
    href: str = described("Where it can be had.", "/api/v1/tasks/01a216cc/captures/19b99580")


class DnsRecordItem(ResponseBody):
    """One record of a DNS answer."""

    name: str = described("Its owner.", "www.casino.example")
    type: str = described("Its type.", "A")
    value: str = described("Its value.", "192.0.2.7")
    ttl: int = described("Seconds that it may be kept.", 300)


class DnsAnswerItem(ResponseBody):
    """What the name resolved to."""

    outcome: str = described("answer, nodata, nxdomain, servfail, refused or unreachable.", "answer")
    records: list[DnsRecordItem] = described("The chain of names first, then the addresses.", [])


class CertificateItem(ResponseBody):
    """What the certificate says, also when it is not valid."""

    subject: str = described("Whom it is for.", "casino.example")
    issuer: str = described("Who issued it.", "Example CA")
    names: list[str] = described("All names that it is for.", ["casino.example"])
    not_before: str = described("Since when.", "2026-01-01T00:00:00Z")
    not_after: str = described("Until when.", "2027-01-01T00:00:00Z")
    valid: bool = described("It was accepted.", True)
    error: str = described("Why not, in words; empty when it was accepted.", "it has expired")
    error_code: CertificateError | None = described("The same as a stable code.", "expired")
    error_detail: str = described("What OpenSSL or the system said, word for word.", "certificate has expired")


class RegistrationItem(ResponseBody):
    """What the registry of a domain said of it, over RDAP."""

    domain: str = described("The domain that it was asked about.", "casino.example")
    state: Literal["registered", "unregistered"] = described("Unregistered: anybody can register it.", "registered")
    source: str = described("Host of the registry's server.", "rdap.registry.example")
    asked_on: str = described("On which day it was asked.", "2026-11-26")
    registered_on: str = described("Since which day it is registered; empty: it did not say.", "2024-05-17")
    expires_on: str = described("Until which day; empty: it did not say.", "2027-05-17")
    statuses: list[str] = described("Its statuses as RDAP has them.", ["active"])
    registrar: str = described("Through whom it is registered; empty: it did not say.", "Example Registrar")


class CaptureItem(ResponseBody):
    """What one address showed when it was captured."""

    url: str = described("As requested.", "http://casino.example/")
    final_url: str = described("After all redirects.", "https://www.casino.example/")
    status: Count = described("HTTP status; 0: no answer.", 200)
    title: str = described("The page's title.", "Casino")
    captured_at: str | None = described("When; null in scans from before this was noted.", "2026-11-26T07:40:04.623Z")
    page_class: str = described("content, parked, for_sale, expired, icp_block, empty or error.", "content")
    dead: bool = described("The name does not exist any more.", False)
    error: str | None = described("Why there was no complete answer.", "tls")
    addresses: list[str] = described("Of the requested host.", ["192.0.2.7"])
    dns: DnsAnswerItem | None = described("How the name resolved.", None)
    registration: RegistrationItem | None = described(
        "What its registry says; null when that was not asked, or did not answer.", None
    )
    certificate: CertificateItem | None = described("Of the first https address; null without one.", None)
    html: StoredContent | None = described("The page's source, byte for byte.", None)
    source: StoredContent | None = described(
        "The source of the requested address itself, when it sends the browser on or scripts draw what is seen; "
        "null when `html` is it.",
        None,
    )
    text: StoredContent | None = described("Its visible text; offsets of evidence count in it.", None)
    screenshot: StoredContent | None = described("What a browser showed.", None)


class FindingSummary(ResponseBody):
    """What somebody has to act on: one per domain and cause, the hidden link together with what it leads to."""

    finding_id: str = described("The same in every attempt and scan.", "gambling.casino.example")
    domain: str = described("The third party, or the site itself.", "casino.example")
    violation_key: ViolationKey = described("The cause.", "gambling")
    violation_name: str = described("The cause in words.", "Gambling")
    summary: str = described(
        "The finding in one sentence.", "The site's pages link to a gambling site, casino.example."
    )
    risk: ExplainedRisk = described("Of its worst reference, with its reasons.", {})
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("Of the cause.", 0.97)
    needs_review: bool = described("A person should look before anything is done.", False)
    violations: list[ViolationReference] = described("The violations that speak of it.", [])
    embedding: Embedding = described("How the site leads there.", "link")
    place: Place = described("Where on the site.", "start_page")
    depth: int | None = described("Clicks from a start page, of the worst reference.", 0)
    hidden_by: str | None = described("The property that hides the worst reference.", "display_none")
    author: Author = described("Who wrote the worst reference.", "site")
    author_text: str = described("The same in words.", "the site's own content")
    page_url: str | None = described("The site's page that has the worst reference.", "https://www.example.com/")
    via: str | None = described("Host of the third party that forwards there.", "partner.example")
    found_at: str = described("When the first of its violations was found.", "2026-11-26T07:40:04.623Z")
    decision: DecisionInfo | None = described("What somebody decided about it; null: nothing yet.", None)
