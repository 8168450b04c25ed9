"""The report of a link farm: a stream from another process, with places for those who read it."""

import gc
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.core.heap import settle_heap
from app.core.json_chunks import CHUNK_BYTES
from app.domain.report_format import ReportFormat
from app.domain.scan_facts import Capture, HostFact, Relation, ThirdParty
from app.findings.schemas.results import Report, ThirdPartyPage
from app.scans.serialisers import MAX_HOSTS
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.cpu_time import least_cpu_s
from tests.support.live import go_live
from tests.support.watchdog import HELD_S, watch

PARTIES = 80_000
AT_ONCE = 4
READERS = 10


@pytest.fixture(scope="module")
def link_farm(tmp_path_factory):
    """The file of the scan's results."""
    path = tmp_path_factory.mktemp("farm") / "results.db"
    write_link_farm(path)
    return path


def write_link_farm(path):
    store = SqliteScanStore(path)
    store.put_host(HostFact("www.example.com", ("dictionary",), ("192.0.2.1",), http_alive=True))
    for number in range(PARTIES):
        domain = f"farm-{number:05}.example"
        hosts = tuple(f"h{host:03}.{domain}" for host in range(900 if number == 1 else 2))
        page = f"https://www.example.com/?token=secret{number}"
        store.put_third_party(ThirdParty(domain, hosts, "unknown", 3, Relation.LINK, 0, page))
        if number % 20 == 0:
            url = f"https://{domain}/"
            store.put_capture(Capture(domain, domain, url, url, status=200, page_class="content", title="t" * 500))
    store.flush()
    store.close()


@pytest.fixture
def farm(tmp_path, link_farm):
    """A server on a watched loop, and the scan of a link farm of its administrator's."""
    with watch(lambda: go_live(tmp_path / "data", reports_at_once=AT_ONCE)) as held:
        admin = sign_in(held, "admin", ADMIN_PASSWORD)
        answer = admin.post("/tasks", json={"target_domain": "example.com"})
        task_id = answer.json()["id"]
        (tmp_path / "data" / "scans").mkdir(exist_ok=True)
        shutil.copy(link_farm, tmp_path / "data" / "scans" / f"{task_id}-1.db")
        settle_heap()  # as a server does
        yield held, admin, f"/tasks/{task_id}"
        gc.unfreeze()
        admin.close()


def report_processes(held):
    """Ids of the processes that make a report just now."""
    pid = held.value.services.report_process.pid
    return [] if pid is None else Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def sign_in(held, name, password):
    url = f"{held.value.url}/api/v1"
    token = httpx.post(f"{url}/auth/login", timeout=60, json={"username": name, "password": password}).json()[
        "access_token"
    ]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_ten_readers_of_a_link_farms_report_hold_nobody_up(farm):
    """As many as there are places get it, whole; the others are told to come back; the loop is free all the time."""
    held, _, place = farm
    readers = []
    for number in range(READERS):
        held.run(held.value.add_user(f"reader{number}", role="admin"))
        readers.append(sign_in(held, f"reader{number}", USER_PASSWORD))
    began = threading.Barrier(READERS)

    def read(client):
        began.wait()
        with client.stream("GET", f"{place}/report") as answer:
            pieces = list(answer.iter_raw())
        return answer, b"".join(pieces)

    answers = []
    with ThreadPoolExecutor(READERS) as pool:
        assert held.held_by(lambda: answers.append(list(pool.map(read, readers)))) < HELD_S
    answers = answers[-1]
    served = [body for answer, body in answers if answer.status_code == 200]
    refused = [answer for answer, _ in answers if answer.status_code != 200]
    assert len(served) >= AT_ONCE
    assert {answer.status_code for answer in refused} <= {503}
    assert all(answer.headers["retry-after"] == "5" for answer in refused)
    assert len(served) + len(refused) == READERS
    assert len({len(body) for body in served}) == 1
    report = Report.model_validate_json(served[0])
    assert len(report.third_parties) == PARTIES
    assert [report.third_parties[1].host_count, len(report.third_parties[1].hosts)] == [900, 900]
    assert report.third_parties[0].outcome.value == "examined"
    assert b"secret" not in served[0]
    for client in readers:
        client.close()


def test_a_report_begins_before_it_is_read_and_one_user_has_one_place(farm):
    """The first piece leaves while all the others are still in the file: nothing waits for the end."""
    _, client, place = farm
    with client.stream("GET", f"{place}/report") as first:
        assert first.status_code == 200
        assert "content-length" not in first.headers
        pieces = first.iter_raw()  # kept: when it goes, httpx closes the connection
        assert len(next(pieces)) < 3 * CHUNK_BYTES
        second = client.get(f"{place}/report")
        assert (second.status_code, second.json()["code"]) == (429, "report_limit")
        assert second.headers["retry-after"] == "5"
    # The reader has left in the middle: the place is free as soon as the server has seen it.
    answers = iter(lambda: client.get(f"{place}/report").status_code, None)
    assert next(status for status in answers if status != 429) == 200


@pytest.mark.parametrize("kind", ReportFormat)
def test_who_leaves_in_the_middle_takes_the_process_with_them(farm, kind):
    held, client, place = farm
    with client.stream("GET", f"{place}/report?format={kind}") as answer:
        assert answer.status_code == 200
        next(answer.iter_raw())
    deadline = time.monotonic() + 20
    while report_processes(held):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ReportFormat)
def test_a_report_in_any_format_begins_while_it_is_made_and_costs_the_server_its_sockets_alone(farm, kind):
    """What the server's process computes while a report is made elsewhere is the way of its pieces to the reader."""
    held, client, place = farm
    sizes = []

    def read():
        with client.stream("GET", f"{place}/report?format={kind}") as answer:
            assert answer.status_code == 200
            pieces = answer.iter_raw()
            size = len(next(pieces))
            made = bool(report_processes(held))
            sizes.append((size + sum(map(len, pieces)), made))

    assert held.held_by(read) < HELD_S
    size, made = sizes[0]
    assert made  # the first piece has come before the last was made
    enough_s = 0.2 + size / 10e6
    assert least_cpu_s(read, enough_s=enough_s) <= enough_s  # ours as well, who read it, in the same process


def test_a_page_of_third_parties_has_few_hosts_of_each_and_holds_nobody_up(farm):
    held, client, place = farm
    answers = []
    queries = (
        "",
        "?page_size=200",
        "?page=400&page_size=200",
        "?q=farm-7",
        "?outcome=examined",
        "?outcome=not_examined",
    )
    for query in queries:
        seconds = held.held_by(lambda query=query: answers.append(client.get(f"{place}/third-parties{query}")))
        assert seconds < HELD_S, query
    pages = [ThirdPartyPage.model_validate_json(answer.content) for answer in answers]
    assert pages[0].total == PARTIES
    assert (len(pages[0].items[1].hosts), pages[0].items[1].host_count) == (MAX_HOSTS, 900)
    assert not pages[0].truncated
