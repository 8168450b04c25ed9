"""What is handed out of the captured contents, and how many tables are read at once."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from app.core.errors import LimitReached, NotFound, Unavailable
from app.core.principal import Principal
from app.domain.scan_facts import Capture
from app.scans.shown_run import RunRef
from app.scanstore.evidence_reader import ContentKind
from app.scanstore.files import captures_dir
from tests.integration.test_api_reports import store_of
from tests.support.backend import open_backend
from tests.support.contents import contents_in

ADMIN = Principal("nobody", "admin", "admin")


def picture():
    written = BytesIO()
    Image.new("RGB", (30, 20)).save(written, "PNG")
    return written.getvalue()


@pytest.fixture
async def captured(tmp_path):
    """(service, id of the task, hashes by kind, path of a content)."""
    async with open_backend(tmp_path / "data") as backend:
        task_id = await backend.add_task(await backend.login())
        data_dir = backend.services.settings.data_dir
        contents = contents_in(captures_dir(data_dir))
        hashes = {"html": contents.put(b"<p>x"), "text": contents.put(b"x"), "screenshot": contents.put(picture())}
        fact = Capture("a.test", "a.test", "http://a.test/", "http://a.test/", 200)
        named = {f"{kind}_sha256": sha256 for kind, sha256 in hashes.items()}
        store = store_of(backend, task_id)
        store.put_capture(replace(fact, **named))
        store.close()
        yield backend.services.evidence, task_id, hashes, data_dir


@pytest.mark.parametrize(
    ("kind", "media_type", "ending"),
    [
        ("html", "application/octet-stream", ".html.txt"),
        ("text", "text/plain; charset=utf-8", ".txt"),
        ("screenshot", "image/jpeg", ".jpg"),
    ],
)
async def test_a_content_comes_under_a_type_that_no_browser_runs(captured, kind, media_type, ending):
    service, task_id, hashes, _ = captured
    content = await service.content(ADMIN, RunRef(task_id), hashes[kind])
    assert (content.kind, content.media_type) == (ContentKind(kind), media_type)
    assert content.file_name == hashes[kind] + ending


async def test_a_screenshot_is_as_wide_as_is_asked_and_a_source_has_no_width(captured):
    service, task_id, hashes, _ = captured
    content = await service.content(ADMIN, RunRef(task_id), hashes["screenshot"], width=15)
    assert Image.open(BytesIO(content.data)).size == (15, 10)
    assert (await service.content(ADMIN, RunRef(task_id), hashes["html"], width=15)).data == b"<p>x"


async def test_a_source_is_byte_for_byte_what_was_captured(captured):
    service, task_id, hashes, _ = captured
    assert (await service.content(ADMIN, RunRef(task_id), hashes["html"])).data == b"<p>x"


async def test_findings_of_a_known_run_are_unavailable_without_its_file_and_not_found_when_it_was_deleted(captured):
    service, task_id, _, data_dir = captured
    row = replace(await service._results.find(ADMIN, RunRef(task_id)), started_at=datetime.now(UTC))
    assert await service.summarise(ADMIN, row, "en", []) == {}
    (path,) = (data_dir / "scans").glob(f"{task_id}-*.db")
    path.unlink()
    with pytest.raises(Unavailable):
        await service.summarise(ADMIN, row, "en", [])
    with pytest.raises(NotFound):
        await service.summarise(ADMIN, replace(row, id="0" * 36), "en", [])


async def test_a_content_of_another_scan_is_not_found(captured):
    service, task_id, _, data_dir = captured
    foreign = contents_in(captures_dir(data_dir)).put(b"of another scan")
    with pytest.raises(NotFound, match="did not capture this content"):
        await service.content(ADMIN, RunRef(task_id), foreign)


async def test_a_content_that_was_lost_or_damaged_says_so(captured):
    service, task_id, hashes, data_dir = captured
    for kind, damage in (("html", lambda path: path.unlink()), ("text", lambda path: path.write_bytes(b"x"))):
        damage(captures_dir(data_dir) / hashes[kind][:2] / f"{hashes[kind]}.zst")
        with pytest.raises(NotFound) as refused:
            await service.content(ADMIN, RunRef(task_id), hashes[kind])
        assert refused.value.code == "content_lost"


async def test_one_table_of_a_user_at_a_time_and_a_failed_one_gives_its_place_back(captured):
    service, task_id, _, _ = captured
    with pytest.raises(NotFound):
        await service.open_table(ADMIN, RunRef("0" * 36), "en", None)
    with pytest.raises(NotFound):
        await service.open_table(ADMIN, RunRef(task_id), "en", "unknown.test")
    stream = await service.open_table(ADMIN, RunRef(task_id), "en", None)
    with pytest.raises(LimitReached):
        await service.open_table(ADMIN, RunRef(task_id), "en", None)
    assert b"".join([piece async for piece in stream]).count(b"\r\n") == 1
    await stream.close()
    await (await service.open_table(ADMIN, RunRef(task_id), "en", None)).close()
