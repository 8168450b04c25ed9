"""Pictures of findings for messages: the page itself before others, small, and none where none can be had."""

from io import BytesIO

import pytest
from PIL import Image

from app.captures.folder import FolderStorage
from app.core.db import Database
from app.domain.scan_facts import Capture
from app.findings.finding_pictures import WIDTH, FindingPictureReader
from app.scanstore.files import SCANS_FOLDER, captures_dir, store_path
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.decided import DecidedWorld
from tests.support.violations import new_violation, write_violations

FINDING = "gambling.bets.example"


def picture(colour, size=(1_200, 800)):
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
async def world(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/compliance.db")
    create_tables(db)
    yield DecidedWorld(db, FakeClock(), tmp_path)
    await db.close()


@pytest.fixture
def reader(world):
    storage = FolderStorage(captures_dir(world.data_dir))
    return FindingPictureReader(db=world.db, stores=ScanFolder(world.data_dir / SCANS_FOLDER), contents=storage)


def scan(world, *captures):
    """A scan with a finding at https://bets.example/, and these captures."""
    task_id = world.scan("corp.example", [])
    found = new_violation("bets.example", url="https://bets.example/")
    world.db.write_sync(lambda c: write_violations(c, task_id, found, at=world.clock.now()))
    store = SqliteScanStore(store_path(world.data_dir, task_id, 1))
    for url, data in captures:
        sha256 = "" if data is None else world.contents.put(data)
        store.put_capture(Capture("bets.example", "bets.example", url, url, screenshot_sha256=sha256))
    store.close()
    return task_id


async def test_it_is_the_pages_own_picture_and_small(world, reader):
    pages = (("https://bets.example/", picture("red")), ("https://bets.example/a", picture("blue")))
    task_id = scan(world, *reversed(pages))
    shown = Image.open(BytesIO(await reader.picture(task_id, 1, FINDING)))
    assert (shown.format, shown.width) == ("JPEG", WIDTH)
    red, _, blue = shown.getpixel((10, 10))
    assert red > blue


@pytest.mark.parametrize(
    "captures",
    [(), (("https://bets.example/", None),), (("https://bets.example/", b"no picture"),)],
    ids=["nothing", "no screenshot", "broken"],
)
async def test_without_a_picture_there_is_none(world, reader, captures):
    assert await reader.picture(scan(world, *captures), 1, FINDING) is None


async def test_what_is_gone_or_no_finding_has_none(world, reader):
    task_id = scan(world)
    assert await reader.picture("01234567-89ab-7cde-8f01-23456789abcd", 1, FINDING) is None
    assert await reader.picture(task_id, 7, FINDING) is None
    assert await reader.picture(task_id, 1, "nonsense") is None
