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
from app.findings.schemas.decisions import DecisionInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody
from app.scans.schemas.attempts import ReportWarning
from app.scans.schemas.tasks import TaskResponse


class Subdomain(ResponseBody):
    """A name in scope that resolves. `sources`: everyone who named it."""

    name: str = described("The host's name.", "www.example.com")
    sources: list[str] = described("Everyone who named it.", ["ct", "dictionary"])
    addresses: list[str] = described("What it resolves to.", ["192.0.2.7"])
    cnames: list[str] = described("The names on the way there.", ["edge.example.net"])
    http_alive: bool = described("It answers over http.", True)
    https_alive: bool = described("It answers over https.", True)
    wildcard: bool = described("Any name of that zone resolves so.", False)


class Page(ResponseBody):
    """A fetched document; `parsed`: it counts as a page. `size` in bytes, `error` a key when there was no answer.

    `truncated`: it was longer than the limit, or refers to more than is kept of one page (20,000 links, 20,000
    references): only its beginning was read. Here and below, texts of pages come without control characters, and
    secrets in addresses are masked.
    """

    url: str = described("Its address.", "https://www.example.com/about.html")
    depth: Count = described("Clicks from a start page.", 1)
    status: Count = described("HTTP status; 0: no answer.", 200)
    content_type: str = described("As the answer says.", "text/html")
    charset: str = described("In which it was read.", "utf-8")
    title: str = described("The document's title.", "About us")
    size: Count = described("Of the body, in bytes.", 18213)
    parsed: bool = described("It counts as a page.", True)
    error: str | None = described("Why there was no complete answer (docs/errors.md).", "timeout")
    duration_ms: Count = described("How long it took.", 120)
    truncated: bool = described(
        "It was longer than the limit or has too many links: only its beginning was read.", False
    )
    page_id: Annotated[
        int, Field(ge=1, description="Its number within the scan, for `pages/{page_id}`.", examples=[13])
    ]


class ThirdParty(ResponseBody):
    """A registrable domain of others that pages refer to. `references` and `hidden` count; `hosts` are ASCII names, at
    most 50 of them in a list (the report has all that were kept, up to 1,000); `host_count` counts those kept.

    `risk_level`: that of its worst finding, null without one. That says nothing unless `outcome` is `examined`
    (at least one capture of its hosts brought something to look at). The others: `gone` (the names do not exist any
    more), `unreachable` (captured, and nothing came but errors, empty pages or no answer), `not_examined` (nothing was
    captured, or not yet).
    """

    domain: str = described("The registrable domain.", "casino.example")
    hosts: list[str] = described("ASCII names of its hosts, at most 50 in a list.", ["www.casino.example"])
    host_count: Count = described("How many hosts were kept.", 1)
    category: str = described("What kind of service it is.", "unknown")
    risk_level: RiskLevel | None = described("That of its worst finding; null without one.", "high")
    outcome: Outcome = described("What came of looking at it.", "examined")
    references: Count = described("How often pages refer to it, `repeats` included.", 3)
    relation: str = described("The strongest way: script, redirect, embed, link or mention.", "link")
    hidden: Count = described("How many of the references are hidden.", 1)
    example_page: str = described("A page that refers to it.", "https://www.example.com/")


class Hop(ResponseBody):
    """An answer that pointed elsewhere. `kind`: `http`, `refresh_header`, `meta` or `script`."""

    url: str = described("The address that answered.", "http://partner.example/")
    status: Count = described("HTTP status.", 302)
    address: str = described("From which address it answered.", "192.0.2.7")
    kind: str = described("http, refresh_header, meta or script.", "http")
    location: str = described("Where it points, as written.", "https://casino.example/")


class ReportedThirdParty(ThirdParty):
    """`hops`: redirects of crawled addresses that lead to its hosts, the first 20 of them."""

    hops: list[Hop] = described("Redirects of crawled addresses that lead to its hosts, the first 20 of them.")


class ViolationItem(ResponseBody):
    violation_id: str = described("Its id.", "019b7a3e-9f10-7aa0-8000-5b1d0c7e1f00")
    finding_id: str = described("The finding that it is part of.", "gambling.casino.example")
    domain: str = described("Whose content it is about.", "casino.example")
    violation_key: ViolationKey = described("Its kind.", "gambling")
    violation_type: str = described("Its kind in words.", "Gambling")
    risk_level: RiskLevel = described("That of its finding.", "high")
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("How sure the analysis is.", 0.93)
    description: str = described("What was found, in one sentence.", "A gambling site, linked invisibly.")
    evidence: list[dict[str, Any]] = described("What speaks for it.", [{"rule": "lexicon.gambling", "score": 0.97}])
    needs_review: bool = described("A person should look before anything is done.", False)
    url: str | None = described("Where it was seen.", "https://casino.example/")
    found_on: str | None = described("The page that refers there.", "https://www.example.com/old/")
    text_key: str | None = described(
        "What the description was made of; null: it is older than keys.", "violation_sentence"
    )
    params: dict[str, Any] | None = described("What stands in its places.", {"percent": 93})
    attempt: Annotated[int, Field(ge=1)] = described("The attempt that found it.", 1)
    created_at: str = described("When it was found.", "2026-01-01T00:12:00.000Z")
    decision: DecisionInfo | None = described("What somebody decided about its finding; null: nothing yet.", None)


class ResultPage(ResponseBody):
    """A page of a list. `truncated`: the list, `total` with it, does not have all that there was.

    `attempt`: whose results these are; the last attempt of its run.
    """

    total: Count = described("How many there are on all pages.", 3)
    truncated: bool = described("The list, `total` with it, does not have all that there was.", False)
    attempt: Annotated[AttemptNumber, Field(description="The attempt whose results these are.", examples=[1])]


class SubdomainPage(ResultPage):
    items: list[Subdomain] = described("The names of this page.")


class PagePage(ResultPage):
    items: list[Page] = described("The documents of this page.")


class PossiblyOwn(ResponseBody):
    """A suggestion: it changes nothing until a person names the domain as own."""

    domain: str = described("The registrable domain.", "example.net")
    signs: list[OwnSign] = described("What speaks for it.", ["certificate"])


class ThirdPartyPage(ResultPage):
    """`truncated`: the pages refer to more domains than a scan keeps (200,000)."""

    items: list[ThirdParty] = described("The domains of this page.")
    possibly_own: list[PossiblyOwn] = described(
        "Foreign domains that may have the same owner, of the whole scan; an option of a scan can name them as own.",
        default=[],
    )


class ViolationPage(ResultPage):
    """`truncated`: there are more than are counted (100,000)."""

    items: list[ViolationItem] = described("The violations of this page.")


class HostCoverage(ResponseBody):
    host: str = described("A host in scope.", "www.example.com")
    by_reason: dict[Seen, Count] = described("Its addresses by what became of them.", {"judged": 40, "robots": 2})


class Coverage(ResponseBody):
    """URLs in scope: how many were crawled of those known, and what became of them, in all and for each host.

    At most 100 hosts, those first where most was not judged. While the crawl runs it is of those that are through.
    """

    crawled: Count = described("Addresses that were crawled.", 45)
    known: Count = described("Addresses that are known.", 47)
    by_reason: dict[Seen, Count] = described("All of them by what became of them.", {"judged": 45, "robots": 2})
    hosts: list[HostCoverage] = described("The same by host, at most 100.")


class ReadingModel(ResponseBody):
    """What a language model that read along was asked. `asked` is `answered` and `void` and those under way."""

    model: str = described("Its name, as the deployment has it.", "qwen3:8b")
    prompt_version: Count = described("The version of the question.", 1)
    budget: Count = described("Requests that the scan may send.", 100)
    requests: Count = described("Requests that it sent, repeated ones included.", 23)
    asked: Count = described("Pages that it was asked about.", 22)
    answered: Count = described("Valid answers.", 20)
    void: dict[Void, Count] = described("Questions without a valid answer, by reason.", {"timeout": 2})
    left_out: dict[LeftOut, Count] = described("Pages that it was not asked about, by reason.", {"budget": 7})
    effects: dict[Effect, Count] = described("What the answers changed, by page.", {"suppressed": 3, "unchanged": 17})


class LocalReader(ResponseBody):
    """What the reader did that the deployment has taught itself. A `fault` says why it read nothing."""

    version: Count = described("The version that was switched on when the scan began; 0 when that is not known.", 3)
    fault: ModelFault | None = described("Why it could not read; null when it could.", None)
    read: Count = described("Captured pages that it read.", 40)
    effects: dict[Effect, Count] = described("What it changed, by page.", {"suppressed": 2, "unchanged": 38})


class PassiveSource(ResponseBody):
    """A place that may know names, and what came of asking it. A source that failed has not said "none"."""

    name: str = described("The source, as it stands among a subdomain's sources.", "crt.sh")
    status: SourceStatus = described("What came of asking it.", SourceStatus.ASKED)
    names: Count = described("Names of the target that it gave.", 41)


class NameServer(ResponseBody):
    """A name server of the target or of a zone below it, and what it tells strangers."""

    zone: str = described("The zone that it was asked about.", "example.com")
    name: str = described("The name server.", "ns1.example.net")
    transfer: Transfer = described("What it did when it was asked for the whole zone.", Transfer.REFUSED)
    walk: Walk = described("What came of following its NSEC records.", Walk.NONE)
    names: Count = described("Names that it gave.", 0)


class Discovery(ResponseBody):
    """How names were looked for. Which source named which subdomain stands at the subdomain."""

    sources: list[PassiveSource] = described("The passive sources that were asked; empty when none may be.")
    name_servers: list[NameServer] = described("The name servers that were asked for their zones.")
    resolvers_left_out: list[str] = described("Resolvers that invent answers, and were not asked any more.", [])
    wildcard_zones: list[str] = described("Zones in which every name resolves.", ["dev.example.com"])
    words_tried: Count = described("Names of the dictionary that were tried.", 1148)
    variations_tried: Count = described("Variations of found names that were tried.", 420)


class UsedListInfo(ResponseBody):
    """A list of hosts and URLs that the deployment names, in the version that the scan looked into."""

    name: str = described("Its name in the setting.", "phishing")
    kind: ListKind = described("What its entries are.", ListKind.BLOCK)
    source: str = described("Where it comes from, without secrets.", "https://lists.example/phishing.txt")
    date: str = described("The date of the list: its own, its source's, else that of the fetch.", "2026-01-01")
    sha256: str = described("SHA-256 of the list as it came.", "9f" * 32)
    entries: Count = described("Entries that are used.", 18_204)


class Report(ResponseBody):
    """Complete when the task is; partial while it runs.

    `truncated`: the pages refer to more domains than a scan keeps (200,000); `omitted_references` counts the references
    to those that were left out.
    """

    task: TaskResponse = described("The task.")
    verdict: VerdictInfo | None = described("What the scan claims; null until it is complete.")
    statistics: Statistics = described("The five numbers.")
    coverage: Coverage = described("What was seen of the site.")
    subdomains: list[Subdomain] = described("All names in scope.")
    third_parties: list[ReportedThirdParty] = described("All domains of others.")
    violations: list[ViolationItem] = described("All violations.")
    warnings: list[ReportWarning] = described("What people should know.")
    truncated: bool = described("The pages refer to more domains than a scan keeps.", False)
    omitted_references: Count = described("References to those that were left out.", 0)
    reading_model: ReadingModel | None = described("The language model that read along; null without one.", None)
    local_reader: LocalReader | None = described("The local reader; null when none was switched on.", None)
    possibly_own: list[PossiblyOwn] = described("Foreign domains that may have the same owner.", default=[])
    discovery: Discovery | None = described("How names were looked for; null until stage 1 has ended.", None)
    lists: list[UsedListInfo] = described("The lists of the deployment that were looked into.", [])
