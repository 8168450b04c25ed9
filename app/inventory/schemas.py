"""Differences between scans, and the third parties of all sites, as documents."""

from app.core.schema_fields import described
from app.domain.differences import Change, Section
from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel
from app.events.types import VerdictInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody

TIME = "2026-11-26T07:40:04.623Z"


class ComparedScan(ResponseBody):
    """One of the two scans. What its verdict gives as reasons was not checked, and could not be compared."""

    task_id: str = described("Task id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of these results.", 1)
    completed_at: str | None = described("End time.", TIME)
    conclusive: bool = described("The run completed and is conclusive.", True)
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.", None)


class DifferenceItem(ResponseBody):
    """One difference. `not_seen`: it was there, and the places where it was were not checked this time, so that nobody
    knows whether it is gone. Texts are empty where there is nothing to say.
    """

    section: Section = described("What it is about, the most urgent first.", "content")
    change: Change = described("What became of it.", "changed")
    name: str = described("The third party, subdomain or page.", "partner.example")
    aspect: str = described(
        "Fact that changed (`content`, `looks`, `certificates`), category (`findings`), or kind of reference.",
        "registered_on",
    )
    before: str = described("Value in the earlier scan.", "2011-04-12")
    after: str = described("Value in the later scan.", "2026-11-20")
    page: str = described("A page of the site where it is or was.", "https://www.example.com/partners.html")
    url: str = described("URL of the target, script or capture.", "")
    was_read: bool = described(
        "Of something new: the earlier scan had checked the places where it is now. False: it may be older.", True
    )
    first_seen_at: str | None = described("Time at which it was first seen; null: before both scans.", None)
    last_seen_at: str | None = described("End of the later scan that saw it.", TIME)
    text: str = described("The same in a sentence.", "New third party: partner.example.")


class DifferencePage(ResponseBody):
    """Most urgent first: changes of the owner or the content of known third parties, new findings, and so on."""

    items: list[DifferenceItem] = described("The differences of this page.", [])
    total: Count = described("Number of differences on all pages.", 1)
    truncated: bool = described("There are more than can be listed (20,000); `counts` has all of them.", False)
    scan: ComparedScan = described("The scan.", {})
    against: ComparedScan | None = described(
        "The scan it is compared with; null: there is no earlier conclusive scan of this target.", None
    )
    counts: dict[Section, dict[Change, Count]] = described(
        "Number of all differences by section and change; those without any are omitted.", {"content": {"changed": 1}}
    )
    changes: Count = described("Number of all differences, without those that were not checked this time.", 1)
    not_seen: Count = described("Number of those that were not checked this time.", 0)


class InventoryItem(ResponseBody):
    """A third party of the sites that the user may see."""

    domain: str = described("Registrable domain.", "casino.example")
    category: str = described("Category of the service.", "unknown")
    sites: Count = described("Number of sites that use it.", 3)
    first_seen_at: str = described("End of the first scan that found it on one of these sites.", TIME)


class InventoryPage(ResponseBody):
    """Third parties of all sites, as the results that stand for each site have them."""

    items: list[InventoryItem] = described("The third parties of this page.", [])
    total: Count = described("Number of third parties on all pages.", 120)


class InventorySite(ResponseBody):
    """A site that uses or used the third party. A site is a scanned domain of one user."""

    target_domain: str = described("Scanned domain.", "example.com")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    task_id: str = described("Task id of the last scan that found it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of that scan.", 1)
    is_present: bool = described("The results that stand for the site have it. False: earlier ones had it.", True)
    risk_level: RiskLevel | None = described("Risk of its worst open finding in that scan; null without one.", "high")
    relation: str = described("Strongest relation of the references to it: script, redirect, embed or link.", "script")
    references: Count = described("Number of references.", 12)
    hidden: Count = described("Number of hidden references.", 0)
    page: str | None = described("A page of the site that refers to it.", "https://www.example.com/")
    script: str | None = described("A script or frame that is loaded from it.", "https://casino.example/app.js")
    outcome: Outcome = described("Outcome of checking the third party.", "examined")
    first_seen_at: str = described("End of the first scan of the site that found it.", TIME)
    last_seen_at: str = described("End of the last scan of the site that found it.", TIME)


class InventoryParty(ResponseBody):
    """A third party with the sites that use it, then those that used it. Registration and title are as the newest of
    these scans found them.
    """

    domain: str = described("Registrable domain.", "casino.example")
    category: str = described("Category of the service.", "unknown")
    registrar: str | None = described("Registrar; null if the registry was not asked or did not say.", "Names Ltd.")
    registered_on: str | None = described("Date of the registration; null if it is not known.", "2011-04-12")
    title: str = described("Title of the page that it shows.", "Casino")
    sites: Count = described("Number of sites that use it.", 3)
    first_seen_at: str = described("End of the first scan that found it.", TIME)
    last_seen_at: str = described("End of the last scan that found it.", TIME)
    items: list[InventorySite] = described("The sites of this page.", [])
    total: Count = described("Number of sites that use or used it.", 4)
