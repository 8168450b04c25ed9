"""Evidence that was made to hurt its readers: 10 MB with a hundred thousand references, ten thousand violations,
a domain with every kind of them, long DOM paths, charsets that are none, exchanged contents, ids that are no ids.

Every answer comes, is bounded, and holds the event loop no longer than any other.
"""

import json
import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import zstandard

from app.core.ids import new_id
from app.domain.scan_facts import Capture, PageFact, Reference, Relation, ThirdParty
from app.domain.violations import ViolationKey
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from bench.growth_data import LARGE_CONTENT, Size, build
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.contents import contents_in
from tests.support.live import go_live
from tests.support.watchdog import HELD_S, Held, watch

SIZE = Size(tasks=2, events=20, lines=20, users=3, long_events=10, long_lines=10, long_violations=1, parties=1, pages=1)
PAGE = "https://www.example.com/farm.html"
REFERENCES = 100_000
VIOLATIONS = 10_000
PIECES = 1_000  # of evidence, of each violation of one domain
DEEP = " > ".join(["html", "body", *["div:nth-child(1)"] * 250])
CHARSETS = (
    "zip",
    "unicode_escape",
    "idna",
    "rot13",
    "undefined",
    "../../etc/passwd",
    "a" * 10_000,
    "utf-8\x00",
    "-1",
    "",
)
MAX_ANSWER = 1 << 20  # bytes; a finding with all that is shown of it


@dataclass
class Site:
    held: Held
    http: httpx.Client
    folder: Path
    task: str
    source: str  # hash of the large page

    def get(self, tail: str, **more) -> httpx.Response:
        return self.http.get(f"/api/v1/tasks/{self.task}{tail}", **more)

    def file_of(self, digest: str) -> Path:
        return captures_dir(self.folder) / digest[:2] / f"{digest}.zst"

    def capture(self, url: str, **fields) -> None:
        """Add a capture to the scan's file."""
        with closing(SqliteScanStore(store_path(self.folder, self.task, 1))) as store:
            capture = Capture("example.com", "www.example.com", url, url, 200)
            store.put_capture(replace(capture, **fields))
            store.flush()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "data"
    with watch(lambda: go_live(folder)) as held, httpx.Client(base_url=held.value.url, timeout=120) as http:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        http.headers["Authorization"] = f"Bearer {http.post('/api/v1/auth/login', json=body).json()['access_token']}"
        grown = build(folder, SIZE, owner=http.get("/api/v1/auth/me").json()["id"])
        source = fill(folder, grown.long_task)
        yield Site(held, http, folder, grown.long_task, source)


def fill(folder: Path, task: str) -> str:
    page = b"".join(
        b"<a href='https://bad.example/%d'>casino %d</a>%s\n" % (n, n, b"x" * 60) for n in range(REFERENCES)
    )
    assert len(page) > 10_000_000
    digest = contents_in(captures_dir(folder)).put(page)
    with closing(SqliteScanStore(store_path(folder, task, 1))) as store:
        store.add_page(PageFact(PAGE, 1, 200, "text/html", "utf-8", "t" * 200, len(page), parsed=True))
        store.put_third_party(
            ThirdParty("bad.example", ("bad.example",), "unknown", REFERENCES, Relation.LINK, 0, PAGE)
        )
        store.add_references(
            Reference(PAGE, f"https://bad.example/{n}", f"https://bad.example/{n}", Relation.LINK, "a[href]", DEEP)
            for n in range(50)
        )
        store.add_references(
            Reference(PAGE, f"https://bad.example/{n}", f"https://bad.example/{n}", Relation.LINK, "a[href]")
            for n in range(50, REFERENCES)
        )
        own = Capture("example.com", "www.example.com", PAGE, PAGE, 200, html_sha256=digest, charset="utf-8")
        store.put_capture(own)
        store.flush()
    with closing(sqlite3.connect(folder / "compliance.db")) as db:
        db.executemany(INSERT, violations(task))
        db.execute(FINDINGS, (task, task))
        db.commit()
    return digest


COLUMNS = (
    "id, task_id, run, attempt, domain, violation_key, cause, confidence_score, description, evidence, "
    "needs_review, url, found_on, created_at"
)
INSERT = f"INSERT INTO violations ({COLUMNS}) VALUES ({','.join('?' * 14)})"


FINDINGS = """
INSERT INTO findings (
    task_id, domain, cause, run, kinds, violation_id, risk_level, score, reasons, embedding, place, depth, hidden_by,
    via, author, author_sign, page_url, url, confidence_score, needs_review, state, found_at, last_seen_at
)
SELECT
    task_id, domain, cause, run, json_array(violation_key), id, 'high', 50, '[]', 'link', 'near', 1, NULL, '', 'site',
    NULL, found_on, url, confidence_score, needs_review, 'open', created_at, created_at
FROM violations WHERE task_id = ? AND NOT EXISTS (
    SELECT 1 FROM findings AS f WHERE f.task_id = ? AND f.domain = violations.domain AND f.cause = violations.cause
)
"""


def violations(task: str) -> Iterator[tuple[object, ...]]:
    """Every kind of the one domain, with more evidence than any analysis gives; then one each of many others."""
    for key in ViolationKey:
        yield violation(task, "bad.example", key, PIECES)
    for number in range(VIOLATIONS - len(ViolationKey)):
        yield violation(task, f"b{number}.example", ViolationKey.GAMBLING, 1)


def violation(task: str, domain: str, key: ViolationKey, pieces: int) -> tuple[object, ...]:
    item = {"layer": "text", "rule": "lexicon.gambling", "score": 0.9, "snippet": "\x1b[2J" + "x" * 200}
    moment = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    told = (0.9, "d", json.dumps([item] * pieces), 0, f"https://{domain}/", PAGE, moment)
    return (new_id(), task, 1, 1, domain, key.value, key.value, *told)


def test_a_domain_has_one_violation_of_each_kind_at_most(site):
    """The database refuses a second one, so no domain has ten thousand."""
    again = violation(site.task, "bad.example", ViolationKey.GAMBLING, 1)
    with closing(sqlite3.connect(site.folder / "compliance.db")) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(INSERT, again)


TAILS = (
    "/findings",
    "/findings?page_size=200",
    "/findings/gambling.bad.example",
    "/findings/hidden_link.bad.example",
    "/third-parties/bad.example",
    "/references?page_size=200",
    "/references?page_size=200&page=500",
    "/references?domain=bad.example&page_size=200&page=400",
)


@pytest.mark.parametrize("tail", TAILS)
def test_a_page_with_100_000_references_and_10_000_violations_holds_nobody_up(site, tail):
    answers = []
    assert site.held.held_by(lambda: answers.append(site.get(tail))) < HELD_S
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers[0].content) < MAX_ANSWER


def test_the_page_itself_and_its_source_are_had_too(site):
    (page,) = [item for item in site.get("/pages?page_size=200").json()["items"] if item["url"] == PAGE]
    answers = []
    assert site.held.held_by(lambda: answers.append(site.get(f"/pages/{page['page_id']}?page_size=200"))) < HELD_S
    assert answers[0].json()["reference_count"] == REFERENCES
    assert site.held.held_by(lambda: answers.append(site.get(f"/captures/{site.source}"))) < HELD_S
    assert sha256(answers[-1].content).hexdigest() == site.source


def test_every_reference_of_it_is_in_the_table(site):
    tables = []
    assert site.held.held_by(lambda: tables.append(site.get("/references?domain=bad.example&format=csv"))) < HELD_S
    assert tables[0].content.count(b"\r\n") == REFERENCES + 1


def test_a_long_dom_path_is_shown_and_no_longer_than_it_was(site):
    found = site.get("/findings/gambling.bad.example").json()
    assert max(len(item["dom_path"] or "") for item in found["references"]) <= len(DEEP)


@pytest.mark.parametrize("charset", CHARSETS, ids=lambda value: value[:12] or "none")
def test_a_charset_that_is_none_costs_at_most_the_excerpt(site, charset):
    """Codecs that are not for text would unpack a bomb, look up a name, or run without end."""
    site.capture(PAGE, html_sha256=site.source, charset=charset)
    answers = []
    assert site.held.held_by(lambda: answers.append(site.get("/findings/gambling.bad.example"))) < HELD_S
    assert answers[0].status_code == 200
    assert answers[0].json()["site_captures"][0]["url"] == PAGE


def bomb() -> bytes:
    """64 GiB once unpacked, by what the frame's header says."""
    packed = zstandard.ZstdCompressor().compress(b"x" * 1_000)
    return packed[:4] + b"\xe0" + struct.pack("<Q", 64 << 30) + packed[7:]


@pytest.mark.parametrize("put", ["other content", "garbage", "nothing", "bomb", "link to a secret", "folder"])
def test_a_content_that_was_exchanged_is_lost_and_never_handed_out(site, tmp_path, put):
    own = b"<p>" + put.encode()
    digest = contents_in(captures_dir(site.folder)).put(own)
    url = f"https://www.example.com/{put}"
    site.capture(url, html_sha256=digest)
    file = site.file_of(digest)
    file.unlink()
    secret = tmp_path / "secret"
    secret.write_bytes(zstandard.ZstdCompressor().compress(b"the key"))
    match put:
        case "other content":
            file.write_bytes(zstandard.ZstdCompressor().compress(b"another page"))
        case "garbage":
            file.write_bytes(os.urandom(1_000))
        case "nothing":
            file.write_bytes(b"")
        case "bomb":
            file.write_bytes(bomb())
        case "link to a secret":
            file.symlink_to(secret)
        case "folder":
            file.mkdir()
    answer = site.get(f"/captures/{digest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "content_lost")


def test_a_content_that_another_scan_shows_is_not_found_here(site):
    """Also when its hash is known: it is no key."""
    foreign = contents_in(captures_dir(site.folder)).put(b"somebody else's page")
    assert site.get(f"/captures/{foreign}").status_code == 404
    assert site.get(f"/captures/{LARGE_CONTENT}").status_code == 200, "one that this scan shows"


def test_another_user_gets_nothing_of_it(site):
    body = {"username": "li", "email": "li@example.com", "password": USER_PASSWORD, "role": "user"}
    assert site.http.post("/api/v1/admin/users", json=body).status_code == 201
    with httpx.Client(base_url=site.http.base_url, timeout=60) as other:
        body = {"username": "li", "password": USER_PASSWORD}
        other.headers["Authorization"] = f"Bearer {other.post('/api/v1/auth/login', json=body).json()['access_token']}"
        for tail in (*TAILS, "/pages/1", f"/captures/{site.source}"):
            answer = other.get(f"/api/v1/tasks/{site.task}{tail}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), tail


IDS = {
    "/pages/0": 422,
    "/pages/-1": 422,
    f"/pages/{2**63}": 422,
    f"/pages/{10**400}": 422,
    f"/pages/{2**63 - 1}": 404,
    "/pages/1e3": 422,
    "/pages/%00": 422,
    "/captures/" + "A" * 64: 422,
    "/captures/" + "a" * 63: 422,
    "/captures/" + "a" * 64 + "%0a": 422,
    "/captures/" + "a" * 64: 404,
    "/captures/..%2f..%2fcompliance.db": 404,
    "/findings/gambling.": 404,
    "/findings/.bad.example": 404,
    "/findings/gambling.%25": 404,
    "/findings/gambling.bad.example%00": 404,
    "/findings/" + "g" * 301: 422,
    "/findings/gambling.%F0%9F%98%80": 404,
    "/third-parties/%25": 404,
    "/third-parties/' OR 1=1 --": 404,
    "/third-parties/" + "d" * 301: 422,
    "/references?domain=unknown.example": 404,
    "/references?domain=unknown.example&format=csv": 404,
    "/references?format=xml": 422,
    f"/references?page={10**30}": 422,
    "/references?page_size=100000": 422,
}


@pytest.mark.parametrize("tail", IDS, ids=lambda tail: tail[:40])
def test_what_is_no_id_is_refused_and_names_nothing_of_the_inside(site, tail):
    answer = site.get(tail)
    assert answer.status_code == IDS[tail]
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert str(site.folder) not in answer.text
    assert "Traceback" not in answer.text
