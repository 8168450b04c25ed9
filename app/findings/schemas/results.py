"""What a scan found, and the report: the same document as `compliance scan --json` prints."""

from typing import Annotated, Any

from pydantic import Field

from app.core.schema_fields import described
from app.domain.coverage import Seen
from app.domain.discovery import SourceStatus, Transfer, Walk
from app.domain.local_reading import ModelFault
from app.domain.own_domains import OwnSign
from app.domain.reading import Effect, LeftOut, Void
from app.domain.reputation_lists import ListKind
from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import Statistics, VerdictInfo
from app.findings.schemas.comments import CommentInfo
from app.findings.schemas.decisions import AssignmentInfo, DecisionInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody
from app.scans.schemas.attempts import ReportWarning
from app.scans.schemas.tasks import TaskResponse


class Subdomain(ResponseBody):
    """A name in scope that resolves. `sources`: all sources of the name."""

    name: str = described("The host's name.", "www.example.com")
    sources: list[str] = described("All sources of the name.", ["ct", "dictionary"])
    addresses: list[str] = described("Its IP addresses.", ["192.0.2.7"])
    cnames: list[str] = described("Alias names on the way to the IP addresses.", ["edge.example.net"])
    http_alive: bool = described("It responds over http.", True)
    https_alive: bool = described("It responds over https.", True)
    wildcard: bool = described("Every name of that zone resolves like this (wildcard).", False)


class Page(ResponseBody):
    """A fetched document; `parsed`: it counts as a page. `size` in bytes, `error` a key if there was no response.
    `truncated`: it exceeded the size limit, or has more references than are stored for one page (20,000 links,
    20,000 references) or than there is processor time for: only its beginning was parsed. In this and the following
    models, page texts have no control characters, and secrets in URLs are masked.
    """

    url: str = described("URL of the page.", "https://www.example.com/about.html")
    depth: Count = described("Clicks from a start page.", 1)
    status: Count = described("HTTP status; 0: no response.", 200)
    content_type: str = described("Content type of the response.", "text/html")
    charset: str = described("Character set in which it was decoded.", "utf-8")
    title: str = described("Title of the document.", "About us")
    size: Count = described("Size of the body in bytes.", 18213)
    parsed: bool = described("The document counts as a page.", True)
    error: str | None = described("Reason why there was no complete response (docs/errors.md).", "timeout")
    duration_ms: Count = described("Duration of the request.", 120)
    truncated: bool = described(
        "The document exceeded the size limit or has too many links: only its beginning was parsed.", False
    )
    page_id: Annotated[int, Field(ge=1, description="Number within the scan, for `pages/{page_id}`.", examples=[13])]


class ThirdParty(ResponseBody):
    """A third-party domain that pages refer to. `references` and `hidden` are counts; `hosts` are ASCII names, at most
    50 of them in a list (the report has all recorded hosts, up to 1,000); `host_count` is the number of recorded
    hosts. `risk_level`: that of its worst finding, null without one. It is only meaningful if `outcome` is
    `examined` (at least one capture of its hosts returned content). The others: `gone` (the names no longer exist),
    `unreachable` (captured, with only errors, empty pages or no response), `not_examined` (nothing was captured, or
    not yet).
    """

    domain: str = described("Registrable domain.", "casino.example")
    hosts: list[str] = described("ASCII names of its hosts, at most 50 in a list.", ["www.casino.example"])
    host_count: Count = described("Number of recorded hosts.", 1)
    category: str = described("Category of the service.", "unknown")
    risk_level: RiskLevel | None = described("Risk of its worst finding; null without one.", "high")
    outcome: Outcome = described("Outcome of checking the third party.", "examined")
    references: Count = described("Number of references of pages, `repeats` included.", 3)
    relation: str = described("Strongest relation: script, redirect, embed, link or mention.", "link")
    hidden: Count = described("Number of hidden references.", 1)
    example_page: str = described("A page that refers to it.", "https://www.example.com/")


class AccusedThirdParty(ThirdParty):
    violation_key: ViolationKey | None = described(
        "Category of the worst finding about its content that nobody has dismissed; null without one.", "gambling"
    )


class Hop(ResponseBody):
    """A redirect. `kind`: `http`, `refresh_header`, `meta` or `script`."""

    url: str = described("URL of the redirect.", "http://partner.example/")
    status: Count = described("HTTP status.", 302)
    address: str = described("IP address of the server.", "192.0.2.7")
    kind: str = described("http, refresh_header, meta or script.", "http")
    location: str = described("Target of the redirect, as written.", "https://casino.example/")


class ReportedThirdParty(ThirdParty):
    """`hops`: redirects of crawled URLs to its hosts, the first 20 of them."""

    hops: list[Hop] = described("Redirects of crawled URLs to its hosts, the first 20 of them.")


class ViolationItem(ResponseBody):
    violation_id: str = described("Identifier of the violation.", "019b7a3e-9f10-7aa0-8000-5b1d0c7e1f00")
    finding_id: str = described("The finding that it is part of.", "gambling.casino.example")
    domain: str = described("Content source.", "casino.example")
    violation_key: ViolationKey = described("Category of the violation.", "gambling")
    violation_type: str = described("Category in words.", "Gambling")
    risk_level: RiskLevel = described("Risk level of its finding.", "high")
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("Confidence of the analysis.", 0.93)
    description: str = described("Description of the violation in one sentence.", "A gambling site, linked invisibly.")
    evidence: list[dict[str, Any]] = described(
        "Evidence of the violation.", [{"rule": "lexicon.gambling", "score": 0.97}]
    )
    needs_review: bool = described("A person should review the finding before action is taken.", False)
    url: str | None = described("URL of the evidence.", "https://casino.example/")
    found_on: str | None = described("Page that refers to it.", "https://www.example.com/old/")
    text_key: str | None = described(
        "Key of the description; null if it was stored before keys existed.", "violation_sentence"
    )
    params: dict[str, Any] | None = described("Values of its placeholders.", {"percent": 93})
    attempt: Annotated[int, Field(ge=1)] = described("Attempt that found it.", 1)
    created_at: str = described("Time at which it was found.", "2026-01-01T00:12:00.000Z")
    decision: DecisionInfo | None = described("Decision about its finding; null: undecided.", None)
    assignment: AssignmentInfo | None = described(
        "Who takes care of its finding, and until when; null: it was never assigned.", None
    )
    comments: list[CommentInfo] = described("Comments on its finding, oldest first; a read-only link shows none.", [])


class ResultPage(ResponseBody):
    """A page of a list. `truncated`: the list, `total` with it, does not have all that there was.

    `attempt`: whose results these are; the last attempt of its run.
    """

    total: Count = described("Number of findings on all pages.", 3)
    truncated: bool = described("The list and `total` are incomplete.", False)
    attempt: Annotated[AttemptNumber, Field(description="Attempt of these results.", examples=[1])]


class NameServer(ResponseBody):
    """A name server of the target or of a zone below it, and whether it discloses its zone."""

    zone: str = described("Zone that was queried.", "example.com")
    name: str = described("Name server.", "ns1.example.net")
    transfer: Transfer = described("Result of the zone transfer.", Transfer.REFUSED)
    walk: Walk = described("Result of walking its NSEC records.", Walk.NONE)
    names: Count = described("Number of names found.", 0)


class SubdomainPage(ResultPage):
    items: list[Subdomain] = described("The names of this page.")
    open_zones: list[NameServer] = described("Name servers that allow zone transfers to anyone.", default=[])


class ListedPage(Page):
    """A page in the list, with the number of its findings."""

    findings: Count = described("Number of findings on the page, without what was dismissed.", 2)


class PagePage(ResultPage):
    items: list[ListedPage] = described("The documents of this page.")


class PossiblyOwn(ResponseBody):
    """A suggestion without effect: a person has to list the domain as own."""

    domain: str = described("Registrable domain.", "example.net")
    signs: list[OwnSign] = described("Indicators of the same owner.", ["certificate"])


class ThirdPartyPage(ResultPage):
    """`truncated`: the pages refer to more domains than a scan records (200,000)."""

    items: list[AccusedThirdParty] = described("The domains of this page.")
    possibly_own: list[PossiblyOwn] = described(
        (
            "Third-party domains that may have the same owner, of the whole scan; list them as own "
            "domains in the scan options."
        ),
        default=[],
    )


class ViolationPage(ResultPage):
    """`truncated`: there are more than are counted (100,000)."""

    items: list[ViolationItem] = described("The violations of this page.")


class HostCoverage(ResponseBody):
    host: str = described("A host in scope.", "www.example.com")
    by_reason: dict[Seen, Count] = described("Number of its URLs by result.", {"judged": 40, "robots": 2})


class Coverage(ResponseBody):
    """URLs in scope: how many of the known URLs were crawled, and their results, in total and for each host. At most
    100 hosts, those with the most unchecked URLs first. During the crawl it covers the finished URLs.
    """

    crawled: Count = described("Number of crawled URLs.", 45)
    known: Count = described("Number of known URLs.", 47)
    by_reason: dict[Seen, Count] = described("Number of URLs by result.", {"judged": 45, "robots": 2})
    hosts: list[HostCoverage] = described("The same by host, at most 100.")


class ReadingModel(ResponseBody):
    """Results of the LLM review. `asked` is the sum of `answered`, `void` and requests in progress."""

    model: str = described("Name of the model in the configuration.", "qwen3:8b")
    prompt_version: Count = described("Version of the prompt.", 1)
    budget: Count = described("Maximum number of requests of the scan.", 100)
    requests: Count = described("Number of requests sent, including retries.", 23)
    asked: Count = described("Number of pages submitted.", 22)
    answered: Count = described("Number of valid answers.", 20)
    void: dict[Void, Count] = described("Number of invalid answers, by reason.", {"timeout": 2})
    left_out: dict[LeftOut, Count] = described("Number of pages not submitted, by reason.", {"budget": 7})
    effects: dict[Effect, Count] = described("Effects of the answers, by page.", {"suppressed": 3, "unchanged": 17})


class LocalReader(ResponseBody):
    """Results of the local classifier. A `fault` is the reason why it was not used."""

    version: Count = described("Version that was enabled when the scan started; 0 if unknown.", 3)
    fault: ModelFault | None = described("Reason why it was not used; null if it was.", None)
    read: Count = described("Number of captured pages that it read.", 40)
    effects: dict[Effect, Count] = described("Effects of its results, by page.", {"suppressed": 2, "unchanged": 38})


class PassiveSource(ResponseBody):
    """A source of host names with the result of its query. A failed source does not mean that there are no names."""

    name: str = described("Name of the source, as in the sources of a subdomain.", "crt.sh")
    status: SourceStatus = described("Result of the query.", SourceStatus.ASKED)
    names: Count = described("Number of names of the target that it returned.", 41)


class Discovery(ResponseBody):
    """How subdomains were discovered. The sources of each subdomain are part of the subdomain."""

    sources: list[PassiveSource] = described("Queried passive sources; empty if they are disabled.")
    name_servers: list[NameServer] = described("Name servers that were queried for their zones.")
    resolvers_left_out: list[str] = described("Resolvers that return invented addresses and were not used.", [])
    wildcard_zones: list[str] = described("Zones in which every name resolves.", ["dev.example.com"])
    words_tried: Count = described("Number of dictionary names tried.", 1148)
    variations_tried: Count = described("Number of variations of found names tried.", 420)


class UsedListInfo(ResponseBody):
    """A list of hosts and URLs that the deployment configures, in the version that the scan used."""

    name: str = described("Name of the list in the setting.", "phishing")
    kind: ListKind = described("Kind of the list: block or allow.", ListKind.BLOCK)
    source: str = described("Source of the list, without secrets.", "https://lists.example/phishing.txt")
    date: str = described(
        "Date of the list: its own, that of its source, otherwise the time of the download.", "2026-01-01"
    )
    sha256: str = described("SHA-256 of the list as it was downloaded.", "9f" * 32)
    entries: Count = described("Number of entries in use.", 18_204)


class Report(ResponseBody):
    """Complete when the task has ended; partial while it is running. `truncated`: the pages refer to more domains than
    a scan records (200,000); `omitted_references` counts the references to the others.
    """

    task: TaskResponse = described("Task id.")
    verdict: VerdictInfo | None = described("Verdict; null until the scan has completed.")
    statistics: Statistics = described("The five totals.")
    coverage: Coverage = described("Coverage of the site.")
    subdomains: list[Subdomain] = described("All names in scope.")
    third_parties: list[ReportedThirdParty] = described("All third-party domains.")
    violations: list[ViolationItem] = described("All violations.")
    warnings: list[ReportWarning] = described("Warnings of the scan.")
    truncated: bool = described("The pages refer to more domains than a scan records.", False)
    omitted_references: Count = described("Number of references to domains that were not recorded.", 0)
    reading_model: ReadingModel | None = described("LLM review; null without one.", None)
    local_reader: LocalReader | None = described("Local classifier; null if none was enabled.", None)
    possibly_own: list[PossiblyOwn] = described("Third-party domains that may have the same owner.", default=[])
    discovery: Discovery | None = described("How subdomains were discovered; null until stage 1 has ended.", None)
    lists: list[UsedListInfo] = described("The lists of the deployment that were used.", [])
