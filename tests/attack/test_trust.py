"""What the program believes, and what it lets out: client addresses, secrets of its settings, formulas in tables."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO

import httpx
import pytest

from app.core.db import Database
from app.domain.scan_facts import PageFact, Reference, Relation, ThirdParty
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import ADMIN_PASSWORD
from tests.support.command import line_with, run, start
from tests.support.flooding import SITE, fill
from tests.support.service import Service
from tests.support.violations import new_violation, write_violations

KEY = "k7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0g"
SHOWN = {"X-Compliance-Proxy-Key": KEY}
NAMED = "198.51.100.9"  # by whoever sends the header
PROXY, STRANGER = "127.0.0.1", "127.0.0.9"

HIDDEN = "hunter2-that-nobody-may-read"
NOBODY = "127.0.0.1:9"  # where nobody answers
ADDRESSES = {
    "COMPLIANCE_DATABASE_URL": f"postgresql+psycopg://me:{HIDDEN}@{NOBODY}/x",
    "COMPLIANCE_REDIS_URL": f"redis://me:{HIDDEN}@{NOBODY}/0",
    "COMPLIANCE_SECRET_KEY": f"{HIDDEN}-0123456789abcdef",
    "COMPLIANCE_LOG_LEVEL": "DEBUG",
}

FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", ";=1", "a;=1", "a\t=1", 'a;"=1"', "＝1", "a;＠x",
    '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0",
)  # fmt: skip
BEGINS = tuple("=+-@＝＋＠－")  # the last four as Chinese keyboards write them
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def signed_in_from(service: Service, source: str, named: str, headers: dict[str, str]) -> str:
    """Sign in over a connection from `source`, and return from where the session is said to be."""
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        answer = client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": named, **headers})
        assert answer.status_code == 200, answer.text
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        sessions = client.get("/api/v1/auth/sessions", headers=token).json()["items"]
    (own,) = [session for session in sessions if session["is_current"]]
    return str(own["address"])


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, [(PROXY, NAMED, {}, PROXY)]),
        (
            {"trusted_proxies": PROXY},
            [
                (STRANGER, NAMED, {}, STRANGER),
                (PROXY, NAMED, {}, NAMED),
                (PROXY, f"10.0.0.1, {NAMED}", {}, NAMED),  # what comes first was sent by the client
            ],
        ),
        (
            {"trusted_proxies": PROXY, "proxy_key": KEY},
            [(PROXY, NAMED, {}, PROXY), (STRANGER, NAMED, SHOWN, STRANGER), (PROXY, NAMED, SHOWN, NAMED)],
        ),
    ],
    ids=["no proxy", "a proxy", "a proxy with a key"],
)
def test_only_the_proxy_names_clients(run_service, settings, asked):
    with run_service(**settings) as service:
        for source, named, headers, address in asked:
            assert signed_in_from(service, source, named, headers) == address, (source, named, headers)


def test_naming_another_client_each_time_is_no_way_around_the_limit_of_an_address(run_service):
    with run_service(trusted_proxies=PROXY, login_burst_per_address=5) as service:
        transport = httpx.HTTPTransport(local_address=STRANGER)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
            statuses = [
                client.post(
                    "/api/v1/auth/login",
                    json={"username": f"user{number}", "password": "wrong-password"},
                    headers={"X-Forwarded-For": f"198.51.100.{number}"},
                ).status_code
                for number in range(8)
            ]
    assert statuses[-1] == 429, statuses


@pytest.mark.parametrize("words", [["doctor"], ["migrate"], ["create-admin", "mei"]], ids=" ".join)
async def test_no_command_says_a_password_of_the_settings(tmp_path, words):
    done = await run(*words, "--data-dir", tmp_path, COMPLIANCE_ADMIN_PASSWORD=f"{HIDDEN}-too", **ADDRESSES)
    assert done.code != 0
    assert len(done.out + done.err) > 20
    assert HIDDEN not in done.out + done.err


async def test_a_server_that_waits_for_its_database_says_where_and_no_password(tmp_path):
    process = await start("serve", "--data-dir", tmp_path, **ADDRESSES)
    said = await line_with(process.stderr, "database_awaited")
    process.terminate()
    out, err = await process.communicate()
    assert "127.0.0.1" in said
    assert HIDDEN not in said + (out + err).decode()


@pytest.fixture(scope="module")
def hostile(service):
    """(headers, id of a scan whose pages, references and findings are all formulas)."""
    task_id = fill(service)
    db = Database(f"sqlite:///{service.data_dir}/compliance.db")
    found = [
        new_violation(f"hostile{number}.example", description=text, url=f"https://x.test/{text}", found_on=SITE)
        for number, text in enumerate(FORMULAS)
    ]
    db.write_sync(lambda c: write_violations(c, task_id, *found, at=datetime.now(UTC)))
    db.close_sync()
    store = SqliteScanStore(service.data_dir / "scans" / f"{task_id}-1.db")
    for number, text in enumerate(FORMULAS):
        page, domain = f"{SITE}/formula-{number}", f"hostile{number}.example"
        store.add_page(PageFact(page, 1, 200, "text/html", "utf-8", text, 10_000, parsed=True))
        store.put_third_party(ThirdParty(domain, (domain,), "unknown", 3, Relation.LINK, 0, page))
        store.add_references(
            [Reference(page, f"https://{domain}/", text, Relation.LINK, "a[href]", text, text, text, None)]
        )
    store.flush()
    store.close()
    headers = service.sign_in()
    for number, text in enumerate(FORMULAS):
        path = f"/api/v1/tasks/{task_id}/findings/gambling.hostile{number}.example/decision"
        service.http.put(path, json={"state": "confirmed", "reason": text}, headers=headers)  # some are no texts
    return headers, task_id


@pytest.mark.parametrize(
    "path",
    ["/api/v1/tasks/{}/references?format=csv", "/api/v1/tasks/{}/report?format=csv"],
)
def test_no_cell_of_a_table_is_a_formula_whichever_character_parts_the_cells(service, hostile, path):
    headers, task_id = hostile
    answer = service.http.get(path.format(task_id), headers=headers)
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
    pieces = re.split(r"[;\t\r\n]", text)  # a spreadsheet of another country, or one that takes breaks for rows
    assert any("HYPERLINK" in cell for cell in cells)  # they are there, and harmless
    assert [one for one in (*cells, *pieces) if is_formula(one)] == []


def is_formula(cell: str) -> bool:
    begun = cell.lstrip(' "')
    return begun.startswith(BEGINS) and not NUMBER.fullmatch(begun.partition(",")[0])
