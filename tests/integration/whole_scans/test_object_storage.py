"""Captures in a bucket, from a scan's own process to the reader, over a server that speaks S3."""

import contextlib
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.captures.contents import Contents
from app.domain.scan_facts import Capture, PageFact, Relation, ThirdParty
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from app.tasks import process_tree
from tests.integration.test_api_findings import picture
from tests.integration.test_api_reports import store_of
from tests.support.backend import open_backend
from tests.support.s3_server import access, bucket_at, faulty_proxy
from tests.support.scan_backend import assert_sound, scan_backend
from tests.support.small_world import small_world

URL = "s3://evidence/some/prefix"
CASINO = "http://casino.test/"


@pytest.fixture
def proxy(s3, monkeypatch):
    """What the environment points to."""
    with faulty_proxy(s3) as server:
        for name, value in access(server.url).items():
            monkeypatch.setenv(name, value)
        yield server


def hashes_named_by(path):
    store = SqliteScanStore(path)
    try:
        return {
            sha256
            for capture in store.captures()
            for sha256 in (capture.html_sha256, capture.text_sha256, capture.source_sha256)
            if sha256
        }
    finally:
        store.close()


async def test_a_scan_keeps_its_captures_in_the_bucket_and_gets_no_access_by_its_environment(tmp_path, s3, proxy):
    async with small_world() as world, scan_backend(tmp_path, captures_url=URL, **world.settings) as backend:
        task_id = await backend.create()
        seen = b"".join([variables async for variables in environments_of(backend, task_id)])
        row = await backend.finished(task_id)
        assert (row.status, row.warnings) == ("completed", [])
        assert_sound(backend, task_id)
        assert len(backend.violations(task_id)) == 3
        await backend.gone(task_id)
    named = hashes_named_by(store_path(tmp_path, task_id, 1))
    storage = bucket_at(s3.url)
    sizes = dict(storage.list_all())
    assert named
    assert sizes.keys() == named
    assert row.capture_bytes == sum(sizes.values())
    assert all(Contents(storage).get(sha256) for sha256 in named)
    assert not captures_dir(tmp_path).exists()
    assert b"DOMAIN_SCAN_MARK" in seen  # so it was looked at
    assert b"test-secret" not in seen


async def environments_of(backend, task_id):
    """What the processes of the scan have in their environment, the parsers' too, until it ends."""
    mark = process_tree.mark_of(task_id, 1)
    while backend.row(task_id).status in ("pending", "running"):
        for pid in process_tree.members(mark):
            with contextlib.suppress(OSError):  # it has ended
                yield Path(f"/proc/{pid}/environ").read_bytes()  # noqa: ASYNC240 - no disk is asked
        await backend.clock.sleep(0.02)


async def test_a_scan_whose_bucket_answers_errors_for_a_while_loses_nothing(tmp_path, s3, proxy):
    left = [12]

    def fail(method, path):
        left[0] -= 1
        return "error" if left[0] >= 0 else None

    proxy.fault = fail
    async with small_world() as world, scan_backend(tmp_path, captures_url=URL, **world.settings) as backend:
        task_id = await backend.create()
        row = await backend.finished(task_id)
        assert (row.status, row.warnings) == ("completed", [])
        await backend.gone(task_id)
    assert left[0] < 0
    assert dict(bucket_at(s3.url).list_all()).keys() == hashes_named_by(store_path(tmp_path, task_id, 1))


@pytest.fixture
async def shown(tmp_path, s3, proxy):
    """(ask, hashes): a scan with a page and its picture, both in the bucket."""
    async with open_backend(tmp_path / "data", captures_url=URL) as backend:
        headers = await backend.login()
        task_id = await backend.add_task(headers)
        services = backend.services
        await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
        contents = Contents(bucket_at(s3.url))
        hashes = {"html": contents.put(b"<p>casino"), "screenshot": contents.put(picture())}
        store = store_of(backend, task_id)
        store.add_page(PageFact("http://example.com/", 0, 200, "text/html", "utf-8", "", 10, parsed=True))
        store.put_third_party(ThirdParty("casino.test", ("casino.test",), "unknown", 1, Relation.LINK, 0, CASINO))
        named = {f"{kind}_sha256": sha256 for kind, sha256 in hashes.items()}
        store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, captured_at=1.0, **named))
        store.flush()

        async def ask(tail):
            return await backend.client.get(f"/api/v1/tasks/{task_id}{tail}", headers=headers)

        yield ask, hashes
        store.close()


async def test_what_lies_in_the_bucket_is_handed_out_as_what_lies_in_a_folder(shown):
    ask, hashes = shown
    source = await ask(f"/captures/{hashes['html']}")
    assert (source.status_code, source.content) == (200, b"<p>casino")
    assert source.headers["content-disposition"].startswith("attachment")
    assert source.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in source.headers["content-security-policy"]
    image = await ask(f"/captures/{hashes['screenshot']}")
    assert (image.status_code, image.headers["content-type"]) == (200, "image/jpeg")
    with ZipFile(BytesIO((await ask("/report?format=zip")).content)) as archive:
        assert archive.read(f"captures/{hashes['html']}.html.txt") == b"<p>casino"
        assert archive.testzip() is None


async def test_while_the_bucket_is_away_nothing_is_said_to_be_lost(shown, proxy):
    ask, hashes = shown
    proxy.fault = lambda *_: "away"
    answer = await ask(f"/captures/{hashes['html']}")
    assert (answer.status_code, answer.json()["code"]) == (503, "captures_unavailable")
    assert "127.0.0.1" not in answer.text
    party = await ask("/third-parties/casino.test")
    assert [capture["html"]["sha256"] for capture in party.json()["captures"]] == [hashes["html"]]
    with pytest.raises(AssertionError):  # httpx, of an answer without its end
        await ask("/report?format=zip")


async def test_other_bytes_than_were_captured_are_not_handed_out(shown, proxy):
    ask, hashes = shown
    proxy.fault = lambda method, path: "wrong" if path.endswith(".zst") else None
    answer = await ask(f"/captures/{hashes['html']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "content_lost")
