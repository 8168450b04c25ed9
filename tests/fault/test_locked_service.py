"""The database of a running service is locked by somebody else: clients get an answer in time, and what they were
refused is not done behind their backs.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import pytest

from tests.support.service import running_service

CLIENTS = 10
TASK = {"target_domain": "corp.example"}


@contextmanager
def locked(service) -> Iterator[None]:
    with closing(sqlite3.connect(service.data_dir / "compliance.db", timeout=10, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def tasks_in(service):
    with closing(sqlite3.connect(service.data_dir / "compliance.db")) as reader:
        return reader.execute("SELECT count(*) FROM scan_tasks").fetchone()[0]


def create(service, headers):
    return service.http.post("/api/v1/tasks", json=TASK, headers=headers)


@pytest.fixture
def short(tmp_path):
    """A service that lets a write wait for two seconds."""
    with running_service(tmp_path, database_busy_timeout_s=2) as running:
        yield running


def test_ten_clients_are_refused_while_it_is_locked_and_nothing_of_it_is_done_later(short):
    headers = short.sign_in()
    with locked(short), ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda _: create(short, headers), range(CLIENTS)))
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"database_unavailable"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert tasks_in(short) == 0
    assert create(short, headers).status_code == 201
    assert tasks_in(short) == 1


def test_a_task_whose_client_has_given_up_is_not_made(tmp_path):
    with running_service(tmp_path, database_busy_timeout_s=30) as service:
        headers = service.sign_in()
        body = json.dumps(TASK).encode()
        head = (
            f"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with locked(service):
            for _ in range(CLIENTS):
                link = service.connect()
                link.sendall(head.encode() + body)
                time.sleep(0.1)  # it is in the queue; a client that never came would prove nothing
                link.close()
            wait_until_heard(service)
        assert create(service, headers).status_code == 201
        assert tasks_in(service) == 1


def wait_until_heard(service):
    """A later answer of the loop: it has seen the connections that were closed before."""
    for _ in range(3):
        assert service.http.get("/livez").status_code == 200


def test_a_client_that_is_still_there_is_served_as_soon_as_the_lock_is_free(tmp_path):
    with running_service(tmp_path, database_busy_timeout_s=30) as service:
        headers = service.sign_in()
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(create(service, headers)))
        with locked(service):
            asking.start()
            wait_until_heard(service)
        asking.join()
        assert answers[0].status_code == 201
