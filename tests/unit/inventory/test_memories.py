"""Scans of a site with a rotating slot, as the keeper lists them: what is told, and what an attacker could hide."""

from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import update

from app.core.paging import Paging
from app.domain.coverage import Seen
from app.domain.page_looks import DIGITS
from app.domain.rechecks import Recheck, with_recheck
from app.domain.risk import stated
from app.domain.scan_facts import (
    Capture,
    FetchError,
    FrontierUrl,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    ThirdParty,
    UrlState,
)
from app.domain.violations import RiskLevel
from app.events.tables import scan_tasks
from app.findings.tables import findings
from app.inventory.differences import DifferenceFilter
from app.inventory.tables import scan_differences, site_parties
from app.scans.shown_run import RunRef
from app.scanstore.errors import StoreUnavailable
from app.scanstore.sqlite import SqliteScanStore
from tests.unit.inventory.test_keeper import PAGE, Site
from tests.unit.overview.test_queries import World

DAY = 24


@dataclass
class Page:
    """What a scan sees of a third party."""

    title: str = "Pumps"
    look: str = "f" * DIGITS
    redirect: str = ""
    registered_on: str = "2011-04-12"
    registrar: str = "Names"
    relation: Relation = Relation.LINK
    script: str = ""
    is_registry_away: bool = False
    is_down: bool = False


@dataclass
class Told:
    """What a scan is told to differ in."""

    changes: int
    parties: dict[str, str]  # change by third party
    content: list[tuple[str, str]]  # third party and aspect
    sent: list[tuple[str, str]] = field(default_factory=list)  # the same, of the notification


class Slot(Site):
    """Daily scans of one site, each of which is listed before the next one."""

    async def look(self, hours, *, is_read=True, notice=True, **pages):
        task_id = self.world.add("mei", "a.test", hours)
        self.world.keep(task_id, 1, hours)
        with closing(SqliteScanStore(self.folder / f"{task_id}-1.db")) as store:
            store.add_urls([FrontierUrl(1, PAGE, PAGE, "a.test", 0)])
            store.finish_url(1, UrlState.DONE, seen=Seen.JUDGED if is_read else Seen.SERVER_ERROR)
            for name, page in pages.items():
                self.show(store, f"{name}.test", page)
            store.settle()
        self.world.recount()
        if notice:
            await self.keeper.look()
        return task_id

    def show(self, store, domain, page):
        url = f"http://{domain}/"
        state = RegistrationState.REGISTERED
        registration = Registration(
            domain, state, "rdap.test", "2026-12-01", page.registered_on, registrar=page.registrar
        )
        store.put_third_party(
            ThirdParty(domain, (domain,), "unknown", references=1, relation=page.relation, example_page=PAGE)
        )
        final = f"http://{page.redirect}/" if page.redirect else url
        store.put_capture(
            Capture(
                domain, domain, url, final, 200, title=page.title, look=page.look,
                registration=None if page.is_registry_away else registration,
                error=FetchError.TIMEOUT if page.is_down else None,
            )
        )  # fmt: skip
        target = f"{url}{page.script}" if page.script else url
        kind = "script[src]" if page.script else "a[href]"
        store.add_references([Reference(PAGE, target, target, page.relation, kind)])

    async def told(self, task_id, against=None):
        document = await self.differences.read(
            self.world.principal("mei"),
            RunRef(task_id),
            None if against is None else RunRef(against),
            language="en",
            paging=Paging(),
            only=DifferenceFilter(),
        )
        found = orjson.loads(b"".join(document))
        return Told(
            found["changes"],
            {item["name"]: item["change"] for item in found["items"] if item["section"] == "third_parties"},
            [(item["name"], item["aspect"]) for item in found["items"] if item["section"] == "content"],
            [
                (item["name"], item["aspect"])
                for row in self.told_of()
                if row.subject_id == task_id
                for item in row.detail["changes"]
            ],
        )

    def told_of(self):
        return super().told()

    async def rotate(self, scans, name="ad", *, page=None):
        """Scans, one a day; "x" shows the third party, "." not, "?" has not read the page. Return what each tells."""
        found = []
        for number, one in enumerate(scans, start=1):
            pages = {name: page or Page()} if one == "x" else {}
            task_id = await self.look(number * DAY, is_read=one != "?", stays=Page(), **pages)
            found.append(await self.told(task_id))
        return found


@pytest.fixture
def site(db, tmp_path):
    site = Slot(World(db), tmp_path)
    with closing(site.differences):
        yield site


async def test_an_advertiser_is_new_once_and_no_change_after_it_has_come_back_twice(site):
    found = await site.rotate("xx.x.x.x.")
    assert [told.parties for told in found[1:]] == [
        {},
        {"ad.test": "gone"},
        {"ad.test": "back"},
        {"ad.test": "gone"},
        {"ad.test": "back"},
        {"ad.test": "rotating"},
        {"ad.test": "rotating"},
        {"ad.test": "rotating"},
    ]
    assert [told.changes for told in found[1:]] == [0, 1, 1, 1, 1, 0, 0, 0]
    assert all(told.sent == [] for told in found)


async def test_an_advertiser_among_others_is_new_though_the_slot_rotates(site):
    await site.rotate(".x.x.x.")
    told = await site.told(await site.look(8 * DAY, stays=Page(), ad=Page(), evil=Page()))
    assert told.parties == {"ad.test": "rotating", "evil.test": "new"}
    assert told.changes == 1


@pytest.mark.parametrize(
    ("bought", "aspect"),
    [
        (Page(registered_on="2026-11-20"), "registered_on"),
        (Page(registrar="Casino names"), "registrar"),
        (Page(redirect="casino.test"), "redirect"),
        (Page(title="Casino", look="0" * (DIGITS - 80) + "f" * 80), "title"),
    ],
)
@pytest.mark.parametrize("scans", ["x.", ".x.x.x.", "x?"])
async def test_a_domain_that_was_bought_while_it_was_away_is_told_and_notified_of(site, scans, bought, aspect):
    """The scan before has not seen it, so that a comparison of both scans alone would not know."""
    await site.rotate(scans)
    told = await site.told(await site.look((len(scans) + 1) * DAY, stays=Page(), ad=bought))
    assert told.parties == {"ad.test": "back"}
    assert (told.content, told.sent) == ([("ad.test", aspect)],) * 2


@pytest.mark.parametrize(
    ("bought", "aspect"),
    [
        (Page(registered_on="2026-11-20"), "registered_on"),
        (Page(registrar="Casino names"), "registrar"),
        (Page(redirect="casino.test"), "redirect"),
        (Page(title="Casino", look="0" * (DIGITS - 80) + "f" * 80), "title"),
    ],
)
async def test_a_change_behind_a_scan_that_could_not_see_it_is_told_and_notified_of(site, bought, aspect):
    """The third party was there, but its page was down and its registry did not respond, as while it changes hands."""
    await site.rotate("x")
    dark = await site.told(await site.look(2 * DAY, ad=Page(is_registry_away=True, is_down=True)))
    assert (dark.content, dark.sent) == ([], [])
    third = await site.look(3 * DAY, ad=bought)
    told = await site.told(third)
    assert (told.content, told.sent) == ([("ad.test", aspect)],) * 2
    after = await site.told(await site.look(4 * DAY, ad=bought))
    assert (after.content, after.sent) == ([], [])


async def test_a_title_that_no_json_can_hold_is_remembered(site):
    """A script can give a page half of a surrogate pair."""
    failures = []
    site.keeper.on_failure = failures.append
    await site.look(DAY, ad=Page(title="Pumps \ud83d"))
    await site.look(2 * DAY)
    told = await site.told(await site.look(3 * DAY, ad=Page(title="Pumps \ud83d")))
    assert (failures, told.parties, told.content) == ([], {"ad.test": "back"}, [])


async def test_visitors_end_at_the_same_site_whatever_its_host_is_called(site):
    """Hosts with an underscore or a hyphen at an end are no targets, and advertising has one for each visit."""
    for number, host in enumerate(("go_1.casino.test", "-go.b.casino.test", "casino.test"), 1):
        task_id = await site.look(number * DAY, ad=Page(redirect=host))
        assert (await site.told(task_id)).content == []


async def test_a_gap_is_not_filled_with_what_is_only_known_since(site):
    """The list has a later scan already: the comparison that is stored has the change, a new one cannot know it."""
    await site.rotate("x")
    await site.look(2 * DAY, ad=Page(is_registry_away=True, is_down=True))
    third = await site.look(3 * DAY, ad=Page(registrar="Other"))
    await site.look(4 * DAY, ad=Page(registrar="Third"))
    assert (await site.told(third)).content == [("ad.test", "registrar")]
    site.world.db.write_sync(lambda c: c.execute(scan_differences.delete()) and None)
    assert (await site.told(third)).content == []


async def test_a_page_that_was_down_and_is_as_before_is_no_change(site):
    await site.rotate("x")
    await site.look(2 * DAY, ad=Page(is_registry_away=True, is_down=True))
    told = await site.told(await site.look(3 * DAY, ad=Page()))
    assert (told.content, told.sent) == ([], [])


async def test_an_owner_is_not_forgotten_while_the_registry_is_away(site):
    """The last scan that had it knew neither owner nor content."""
    await site.rotate("x")
    dark = Page(is_registry_away=True, title="", look="")
    await site.look(2 * DAY, stays=Page(), ad=dark)
    await site.look(3 * DAY, stays=Page())
    told = await site.told(await site.look(4 * DAY, stays=Page(), ad=Page(registered_on="2026-11-20")))
    assert ("ad.test", "registered_on") in told.content


async def test_a_third_party_that_is_back_after_a_month_is_told_of(site):
    await site.rotate("x.")
    told = await site.told(await site.look(33 * DAY, stays=Page(), ad=Page()))
    assert (told.content, told.sent) == ([("ad.test", "returned")],) * 2


async def test_a_script_in_the_place_of_a_known_advertisement_is_told_of(site):
    await site.rotate(".x.x.x.")
    script = Page(relation=Relation.SCRIPT, script="evil.js")
    told = await site.told(await site.look(8 * DAY, stays=Page(), ad=script))
    assert (told.parties["ad.test"], told.changes) == ("back", 2)


async def test_a_partner_that_was_there_all_the_time_is_gone_though_it_came_and_went_once(site):
    found = await site.rotate("x.x.xxxxxxx.")
    assert found[-1].parties == {"ad.test": "gone"}


async def test_pages_that_were_not_read_make_no_third_party_rotate(site):
    found = await site.rotate("x?x?x?x.")
    assert found[-1].parties == {"ad.test": "gone"}


async def test_a_comparison_that_is_made_later_tells_the_same(site):
    """With the list of a later scan, as after an update of the program; and with nothing that is only known since."""
    tasks = []
    for number, one in enumerate("x.x.x", start=1):
        bought = Page(registrar="Other") if number == 3 else Page(registrar="Third") if number == 5 else Page()
        tasks.append(await site.look(number * DAY, stays=Page(), **({"ad": bought} if one == "x" else {})))
    site.world.db.write_sync(lambda c: c.execute(scan_differences.delete()) and None)
    assert (await site.told(tasks[4])).content == [("ad.test", "registrar")]
    assert (await site.told(tasks[3])).parties == {"ad.test": "gone"}
    third = await site.told(tasks[2])  # what was known before its first return is not kept: then that is told
    assert (third.parties, third.content) == ({"ad.test": "back"}, [("ad.test", "returned")])


async def test_a_later_scan_that_is_named_as_the_earlier_one_has_no_memory(site):
    tasks = [await site.look(number * DAY, stays=Page(), **pages) for number, pages in ((1, {"ad": Page()}), (2, {}))]
    told = await site.told(tasks[0], against=tasks[1])
    assert told.parties == {"ad.test": "new"}


async def test_what_was_new_after_the_named_scan_is_new(site):
    first = await site.look(DAY, stays=Page())
    for number in range(2, 7):
        last = await site.look(number * DAY, stays=Page(), **({} if number % 2 else {"ad": Page()}))
    assert (await site.told(last, against=first)).parties == {"ad.test": "new"}


@pytest.mark.parametrize("is_damaged", [False, True])
async def test_a_change_of_an_interrupted_list_is_told_although_newer_results_stand(site, is_damaged):
    """The server was stopped in the middle of it, and started when the next scan had ended. The scan before could not
    see the change: nothing but what the list had before says what changed.
    """
    await site.rotate("x")
    await site.look(2 * DAY, ad=Page(is_registry_away=True, is_down=True))
    bought = Page(registrar="Casino names")
    site.keeper._note_absent = None
    third = await site.look(3 * DAY, ad=bought)
    del site.keeper._note_absent
    if is_damaged:
        (site.folder / f"{third}-1.db").write_bytes(b"x" * 100)
    fourth = await site.look(4 * DAY, ad=bought)
    changed = [] if is_damaged else [("ad.test", "registrar")]
    assert site.listed() == [("a.test", fourth)]
    assert [(item["name"], item["aspect"]) for row in site.told_of() for item in row.detail["changes"]] == changed


async def test_an_interrupted_list_waits_for_its_results_before_newer_ones_are_listed(site):
    """No descriptor was left for a moment: the change would have been lost for ever."""
    await site.rotate("x")
    second = await site.look(2 * DAY, ad=Page(is_registry_away=True, is_down=True))
    bought = Page(registrar="Casino names")
    site.keeper._note_absent = None
    third = await site.look(3 * DAY, ad=bought)
    del site.keeper._note_absent
    read = site.keeper.stores.reader

    def without_a_descriptor(task_id, run):
        if task_id == third:
            raise StoreUnavailable("unable to open database file")
        return read(task_id, run)

    site.keeper.stores = SimpleNamespace(reader=without_a_descriptor)
    fourth = await site.look(4 * DAY, ad=bought)
    assert site.listed() == [("a.test", second)]
    site.keeper.stores = SimpleNamespace(reader=read)
    await site.keeper.look()
    assert site.listed() == [("a.test", fourth)]
    assert [item["aspect"] for row in site.told_of() for item in row.detail["changes"]] == ["registrar"]


async def test_a_list_that_was_interrupted_counts_each_scan_once(site):
    await site.rotate("x.")
    task_id = await site.look(3 * DAY, stays=Page(), ad=Page(), notice=False)
    site.keeper._write_changes = None  # it is interrupted after the list, before the end
    await site.keeper.look()
    assert dict(site.rows("is_present"))["ad.test"]
    del site.keeper._write_changes
    await site.keeper.look()
    memory = orjson.loads(dict(site.rows("memory"))["ad.test"])
    assert (len(memory["returns"]), memory["stay"]) == (1, 1)
    assert (await site.told(task_id)).parties == {"ad.test": "back"}


async def test_older_results_that_stand_again_are_no_return(site):
    await site.rotate("x")
    second = await site.look(2 * DAY, stays=Page())
    site.world.db.write_sync(
        lambda c: (
            c.execute(update(scan_tasks).where(scan_tasks.c.id == second).values(deleted_at=site.world.now)) and None
        )
    )
    site.world.recount()
    await site.keeper.look()
    assert dict(site.rows("is_present"))["ad.test"]
    assert orjson.loads(dict(site.rows("memory"))["ad.test"])["returns"] == []


async def test_what_a_page_showed_once_is_not_remembered(site):
    """It was accused, and not when it was judged again a minute later: the next scan is not compared with that."""
    task_id = await site.look(DAY, stays=Page(), ad=Page(title="Casino", look="0" * DIGITS), notice=False)
    site.world.find(task_id, "ad.test")
    reasons = with_recheck(stated(RiskLevel.HIGH), Recheck.NOT_CONFIRMED).reasons
    values = [{"code": reason.code, "points": reason.points} for reason in reasons]
    site.world.db.write_sync(lambda c: c.execute(update(findings).values(reasons=values)) and None)
    await site.keeper.look()
    await site.look(2 * DAY, stays=Page())
    told = await site.told(await site.look(3 * DAY, stays=Page(), ad=Page()))
    assert (told.parties, told.content) == ({"ad.test": "back"}, [])


async def test_a_row_of_an_earlier_version_is_compared_by_what_it_has(site):
    await site.rotate("x.")
    site.world.db.write_sync(lambda c: c.execute(update(site_parties).values(memory=None)) and None)
    told = await site.told(await site.look(3 * DAY, stays=Page(), ad=Page(registered_on="2026-11-20")))
    assert (told.parties, told.content) == ({"ad.test": "back"}, [("ad.test", "registered_on")])
