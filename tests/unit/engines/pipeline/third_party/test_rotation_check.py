"""Pages of third parties that are new or missing are read again before the scan ends."""

import asyncio

import pytest

from app.domain.messages import MessageCatalog
from app.domain.rotation import ROTATION, Rotation
from app.domain.scan_facts import Reference, Relation
from app.engines.model import RecheckConfig
from app.engines.pipeline.capture_selector import CaptureSelector
from app.engines.pipeline.third_party.rotation_check import LOOKS, MAX_PAGES, PAGES_OF_ONE, RotationCheck
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.scope import Scope
from app.scanstore.sqlite import SqliteScanStore
from tests.support.said import said

PAGE = "http://corp.test/"
PATH = "html > body > a"


def refer(domain, page=PAGE, kind="a[href]", **more):
    url = f"http://{domain}/"
    return Reference(page, url, url, Relation.LINK, kind, **{"dom_path": PATH, **more})


class Sink:
    def __init__(self):
        self.lines = []

    async def log(self, entry):
        self.lines.append(entry.message)


class Scene:
    """A scan that has crawled these references, and what its pages show afterwards."""

    def __init__(self, store, known, *, after_s=0.01):
        self.store, self.sink = store, Sink()
        self.index = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
        self.config = None if known is None else RecheckConfig(known=frozenset(), after_s=after_s, parties=known)
        self.pages, self.asked = {}, []
        self.check = self.make()

    def make(self):
        return RotationCheck(
            config=self.config,
            parties=self.index,
            look=self.look,
            store=self.store,
            sink=self.sink,
            texts=MessageCatalog("en"),
        )

    async def look(self, url):
        self.asked.append(url)
        shown = self.pages.get(url, [])
        return None if shown is None else [refer(domain, url) for domain in (shown.pop(0) if shown else ())]

    async def run(self, *references):
        self.index.add(references)
        async with asyncio.TaskGroup() as group, asyncio.timeout(20):
            group.create_task(self.check.run())
            self.check.begin()
            await self.check.finish()
        kept = self.store.checkpoint(ROTATION)
        return None if kept is None else Rotation.from_json(kept)


@pytest.fixture
def scene(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    made = []

    def make(known, **more):
        made.append(Scene(store, known, **more))
        return made[-1]

    yield make
    store.close()


async def test_a_new_third_party_that_a_later_look_lacks_rotates(scene):
    one = scene({"known.test": PAGE})
    one.pages[PAGE] = [["known.test", "other.test"], ["known.test"]]
    found = await one.run(refer("new.test"), refer("known.test"))
    assert found == Rotation(frozenset({"new.test", "other.test"}), frozenset({(PAGE, f"a[href] {PATH}")}))
    assert one.asked == [PAGE] * LOOKS
    assert one.sink.lines == [said("rotation_found", count=2, example="new.test")]
    assert one.check.awaited == 0


async def test_a_new_third_party_that_stays_does_not(scene):
    one = scene({})
    one.pages[PAGE] = [["new.test"]] * LOOKS
    assert await one.run(refer("new.test")) == Rotation(stays=frozenset({"new.test"}))
    assert one.sink.lines == []


async def test_a_missing_third_party_that_is_there_again_rotates(scene):
    one = scene({"ad.test": PAGE, "long-gone.test": ""})
    one.pages[PAGE] = [[], ["ad.test"]]
    assert (await one.run()).parties == {"ad.test"}


async def test_what_is_known_and_there_is_not_read_again(scene):
    one = scene({"known.test": PAGE})
    assert await one.run(refer("known.test")) is None
    assert one.asked == []


@pytest.mark.parametrize("more", [{"kind": "loaded:image"}, {"via": "http://b.test/"}])
async def test_what_only_a_browser_or_a_redirect_shows_is_not_looked_for(scene, more):
    one = scene({})
    assert await one.run(refer("new.test"), refer("new.test", f"{PAGE}2", **more)) is None


async def test_a_page_that_does_not_respond_says_nothing(scene):
    one = scene({})
    one.pages[PAGE] = None
    assert await one.run(refer("new.test")) == Rotation()


@pytest.mark.parametrize("known", [None, {}])
async def test_a_first_scan_and_one_that_was_checked_read_nothing_again(scene, known):
    one = scene(known)
    if known is not None:
        one.store.put_checkpoint(ROTATION, Rotation().to_json())
    await one.run(refer("new.test"))
    assert one.asked == []


async def test_a_site_that_is_not_listed_yet_is_not_compared(scene):
    one = scene({})
    one.config = RecheckConfig(known=frozenset(), after_s=0.0)
    one.check = one.make()
    assert await one.run(refer("new.test")) is None


async def test_the_pages_are_few(scene):
    one = scene({})
    await one.run(
        *(refer("everywhere.test", f"{PAGE}e{number}") for number in range(9)),
        *(refer(f"n{number}.test", f"{PAGE}{number}") for number in range(2 * MAX_PAGES)),
    )
    assert len(set(one.asked)) == MAX_PAGES
    assert len({page for page in one.asked if "/e" in page}) == PAGES_OF_ONE


async def test_when_the_time_is_over_nothing_is_read_again(scene):
    one = scene({}, after_s=600.0)
    one.index.add([refer("new.test")])
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        group.create_task(one.check.run())
        one.check.begin()
        await asyncio.sleep(0)  # it has begun to wait
        assert one.check.awaited == 1
        one.check.give_up()
    assert one.asked == []
    assert one.check.awaited == 0
