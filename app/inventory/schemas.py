"""Response models of differences between scans, and of the third parties of all sites."""

from app.core.schema_fields import described
from app.domain.differences import Change, Section
from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel
from app.events.types import VerdictInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody

TIME = "2026-11-26T07:40:04.623Z"


class ComparedScan(ResponseBody):
    """One of the two scans. Its verdict states what was not checked and therefore not compared."""

    task_id: str = described("Task id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of these results.", 1)
    completed_at: str | None = described("End time.", TIME)
    conclusive: bool = described("The run completed and is conclusive.", True)
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.", None)


class DifferenceItem(ResponseBody):
    """One difference. `not_seen`: the earlier scan found it, and its places were not checked this time, so it is
    unknown whether it is gone. Texts that do not apply are empty.
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
    changes: Count = described("Number of differences, without entries that were not checked this time.", 1)
    not_seen: Count = described("Number of entries that were not checked this time.", 0)


class InventoryItem(ResponseBody):
    """A third party of the sites that the user may see."""

    domain: str = described("Registrable domain.", "casino.example")
    category: str = described("Category of the service.", "unknown")
    sites: Count = described("Number of sites that use it.", 3)
    first_seen_at: str = described("End of the first scan that found it on one of these sites.", TIME)


class InventoryPage(ResponseBody):
    """Third parties of all sites, from the current results of each site."""

    items: list[InventoryItem] = described("The third parties of this page.", [])
    total: Count = described("Number of third parties on all pages.", 120)


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
    category: str = described("Category of the service.", "unknown")
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
