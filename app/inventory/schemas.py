"""Response models of differences between scans, and of the third parties of all sites."""

from app.core.schema_fields import described
from app.domain.differences import Change, Section
from app.domain.tasks import TaskStatus
from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel
from app.events.types import VerdictInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody

TIME = "2026-11-26T07:40:04.623Z"


class ComparedScan(ResponseBody):
    """One of the two scans. Its status and verdict state what was not checked and therefore not compared."""

    task_id: str = described("Task id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of these results.", 1)
    status: TaskStatus = described("Status of the run; unless completed, it did not check everything.", "completed")
    completed_at: str | None = described("End time.", TIME)
    conclusive: bool = described("The run completed and is conclusive.", True)
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.", None)


class DifferenceItem(ResponseBody):
    """One difference. `not_seen`: the earlier scan found it, and its places were not checked this time, so it is
    unknown whether it is gone. `back`: the earlier scan lacks it, and scans before that found it. `rotating`: one of
    both scans lacks it, as earlier scans did again and again; `after` is empty if it is the later one. `seen_once`:
    a page differed, and was as before a minute later. Texts that do not apply are empty.
    """

    section: Section = described("Subject of the difference.", "content")
    change: Change = described("Kind of change.", "changed")
    name: str = described("The third party, subdomain or page.", "partner.example")
    aspect: str = described(
        "Fact that changed (`content`, `looks`, `certificates`), category (`findings`), or kind of reference.",
        "registered_on",
    )
    before: str = described("Value in the earlier scan.", "2011-04-12")
    after: str = described("Value in the later scan.", "2026-11-20")
    page: str = described("A page of the site that has or had it.", "https://www.example.com/partners.html")
    url: str = described("URL of the target, script or capture.", "")
    was_read: bool = described(
        "For new entries: the earlier scan checked the places where it is now. False: it may be older.", True
    )
    is_unconfirmed: bool = described(
        "A page that differs could not be captured again before the scan ended: it was seen once.", False
    )
    first_seen_at: str | None = described(
        "End of the first scan that saw it; of third parties that of any scan of the site. Null: before both scans.",
        None,
    )
    last_seen_at: str | None = described(
        "End of the last scan that saw it; of third parties that of any scan of the site, otherwise of the two.", TIME
    )
    text: str = described("The difference as a sentence.", "New third party: partner.example.")


class DifferencePage(ResponseBody):
    """Differences, most urgent first: changed owner or content of known third parties, new findings, and so on."""

    items: list[DifferenceItem] = described("The differences of this page.", [])
    total: Count = described("Number of differences on all pages.", 1)
    truncated: bool = described(
        "There are more differences than can be listed (20,000); `counts` includes all of them.", False
    )
    scan: ComparedScan = described("The scan.", {})
    against: ComparedScan | None = described(
        "The scan it is compared with; null: there is no earlier conclusive scan of this target.", None
    )
    counts: dict[Section, dict[Change, Count]] = described(
        "Number of all differences by section and change; zeros are omitted.", {"content": {"changed": 1}}
    )
    changes: Count = described(
        "Number of differences, without entries that were not checked this time, come and go, or were seen once.", 1
    )
    not_seen: Count = described("Number of entries that were not checked this time.", 0)
    rotating: Count = described("Number of third parties that come and go.", 0)


class InventoryItem(ResponseBody):
    """A third party of the sites that the user may see."""

    domain: str = described("Registrable domain.", "casino.example")
    category: str = described("Category of the third party.", "unknown")
    services: list[str] = described("Known services that it belongs to on these sites.", ["Google Analytics"])
    risk_level: RiskLevel | None = described(
        "Highest risk of its open findings in the current results of all these sites; null: none.", "high"
    )
    sites: Count = described("Number of sites that use it; with `service`, of those that use this service there.", 3)
    pages: Count | None = described(
        "Number of pages of these sites that refer to it: they link to it, load or embed something of it, or redirect "
        "to it. Each page of a site counts once, a style sheet as a page. null: unknown, because older versions did "
        "not count them and the results are deleted.",
        12,
    )
    first_seen_at: str = described("End of the first scan that found it on one of these sites.", TIME)


class InventoryPage(ResponseBody):
    """Third parties of all sites, from the current results of each site. Each scan adds at most 20,000 new ones of its
    site, by name; those already listed are always looked for.
    """

    items: list[InventoryItem] = described("The third parties of this page.", [])
    total: Count = described("Number of third parties on all pages.", 120)


class ServiceItem(ResponseBody):
    """A service that third parties of the user's sites belong to."""

    service: str = described("Name of the service.", "Google Analytics")
    category: str = described("Category of the service.", "analytics")
    domains: Count = described("Number of third parties that belong to it.", 2)
    sites: Count = described("Number of sites that use it.", 3)
    first_seen_at: str = described("End of the first scan that found it on one of these sites.", TIME)
    last_seen_at: str = described("End of the last scan that found it on one of these sites.", TIME)


class UnknownServices(ResponseBody):
    """What belongs to no known service."""

    domains: Count = described("Number of third parties without a known service.", 40)
    sites: Count = described("Number of sites that use one of them.", 12)


class ServicePage(ResponseBody):
    """Services of all sites, from the current results of each site."""

    items: list[ServiceItem] = described("The services of this page.", [])
    total: Count = described("Number of services on all pages.", 30)
    unknown: UnknownServices = described(
        "Third parties without a known service; the search and the filter do not apply to them.",
        {"domains": 40, "sites": 12},
    )


class ServiceSite(ResponseBody):
    """A site that uses the service. A site is a scanned domain of one user."""

    target_domain: str = described("Scanned domain.", "example.com")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    task_id: str = described("Task id of the scan that found it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of that scan.", 1)
    domains: Count = described("Number of its third parties that belong to the service.", 1)
    first_seen_at: str = described("End of the first scan of the site that found it.", TIME)
    last_seen_at: str = described("End of the last scan of the site that found it.", TIME)


class ServiceSitePage(ResponseBody):
    """Sites that use a service, by name."""

    items: list[ServiceSite] = described("The sites of this page.", [])
    total: Count = described("Number of sites on all pages.", 3)


class InventoryChange(ResponseBody):
    """A change of the owner, content or certificate of a third party, as the first scan has found it. Texts that do not
    apply are empty.
    """

    at: str = described("End of the scan that found it.", TIME)
    target_domain: str = described("Scanned domain of that scan.", "example.com")
    task_id: str | None = described(
        "Task id of that scan; null if it is deleted.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"
    )
    attempt: AttemptNumber = described("Attempt of that scan.", 1)
    section: Section = described("Subject: `content` (with the owner) or `certificates`.", "content")
    change: Change = described("Always `changed`.", "changed")
    aspect: str = described(
        "What changed: `registered_on`, `registration`, `registrar`, `redirect`, `page_class`, `title`, `category`; of "
        "certificates `issuer` or `problem`.",
        "registrar",
    )
    name: str = described("The third party; of certificates the host.", "partner.example")
    before: str = described("Value in the earlier scan.", "Names Ltd.")
    after: str = described("Value in the later scan.", "Other Names Inc.")
    url: str = described("Captured URL.", "")
    text: str = described("The change as a sentence.", "The registrar of partner.example is now Other Names Inc.")


class InventorySite(ResponseBody):
    """A site that uses or used the third party. A site is a scanned domain of one user."""

    target_domain: str = described("Scanned domain.", "example.com")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    task_id: str = described("Task id of the last scan that found it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of that scan.", 1)
    is_present: bool = described(
        "Whether the current results of the site contain it. False: only earlier results do.", True
    )
    risk_level: RiskLevel | None = described("Highest risk of its open findings in that scan; null: none.", "high")
    relation: str = described("Strongest relation of its references: script, redirect, embed or link.", "script")
    references: Count = described("Number of references.", 12)
    hidden: Count = described("Number of hidden references.", 0)
    page: str | None = described("A page of the site that refers to it.", "https://www.example.com/")
    script: str | None = described("A script or frame that is loaded from it.", "https://casino.example/app.js")
    outcome: Outcome = described("Outcome of checking the third party.", "examined")
    first_seen_at: str = described("End of the first scan of the site that found it.", TIME)
    last_seen_at: str = described("End of the last scan of the site that found it.", TIME)


class InventoryParty(ResponseBody):
    """A third party with the sites that use it, followed by those that used it before. Registration and title are from
    the newest of these scans.
    """

    domain: str = described("Registrable domain.", "casino.example")
    category: str = described("Category of the third party.", "unknown")
    services: list[str] = described("Known services that it belongs to on these sites.", ["Google Analytics"])
    registrar: str | None = described(
        "Registrar; null if the registry was not queried or did not state it.", "Names Ltd."
    )
    registered_on: str | None = described("Registration date; null if unknown.", "2011-04-12")
    title: str = described("Title of its page.", "Casino")
    sites: Count = described("Number of sites that use it.", 3)
    first_seen_at: str = described("End of the first scan that found it.", TIME)
    last_seen_at: str = described("End of the last scan that found it.", TIME)
    items: list[InventorySite] = described("The sites of this page.", [])
    total: Count = described("Number of sites that use or used it.", 4)
    changes: list[InventoryChange] = described(
        "The newest changes of its owner, content and certificates, newest first, at most 100.", []
    )
    changes_total: Count = described("Number of changes; of the newest 5,000 records of all sites.", 1)
