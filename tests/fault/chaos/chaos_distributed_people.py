"""Who orders, cancels, reads and follows in chaos_distributed.py, and what must hold of what they were told."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.core.ids import new_id
from app.tasks.process_protocol import EXIT_NO_RESOURCES
from tests.fault.distributed.oracle import TERMINAL, Story, judge, latest_s, lost
from tests.fault.distributed.scene import Scene
from tests.fault.distributed.watcher import Watcher
from tests.support.small_world import TARGET

UNFINISHED: Final = 4  # tasks at once
CLIENTS: Final = 4  # that follow each
OPEN: Final = 6  # ended tasks that may be begun anew yet; older ones are judged, and let go
ACT_EVERY_S: Final = (0.5, 3.0)
READ_EVERY_S: Final = (0.05, 0.5)
READERS: Final = 2
ANSWER_S: Final = 180.0  # a request without an answer for so long is wrong, on a busy machine too
LEVEL_S: Final = 60.0  # for clients to be told the rest, when all is well
READS: Final = (
    "/auth/me",
    "/tasks",
    "/tasks?status=completed&sort=-completed_at",
    "/overview",
    "/search?q=corp",
    "/review",
    "/orders",
    "/tasks/{task}",
    "/tasks/{task}/findings",
    "/tasks/{task}/attempts",
    "/tasks/{task}/pages",
    "/tasks/{task}/report",
    "/monitor/tasks/{task}/logs",
    "/monitor/tasks/{task}/status",
)


@dataclass(eq=False)
class Followed:
    """A task and who follows it."""

    task: str
    watchers: list[Watcher] = field(default_factory=list)
    ended_at: float | None = None  # when it was first seen at its end


class People:
    """They are threads; `judge_some` and `judge_all` are called by the thread that makes the faults."""

    def __init__(self, scene: Scene, chance: random.Random, *, say: Callable[[str], None]) -> None:
        self._scene = scene
        self._chance = chance
        self._say = say
        self._person = scene.person()
        self._over = threading.Event()
        self._acting = threading.Lock()  # nobody begins anew what is just being judged
        self._open: list[Followed] = []
        self.statuses: Counter[int] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()  # of servers' errors: (path, code)
        self.unanswered = 0
        self.longest_s = 0.0
        self.wrong: list[str] = []
        self.ends: Counter[str] = Counter()
        self.attempts_lost = self.never_begun = 0
        self.told = self.lost = self.connections = 0
        self.latest_s = 0.0
        self._judged: set[str] = set()
        self._following: list[Future[None]] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._act_on, name="people")]
        threads += [
            threading.Thread(target=self._read_on, args=(random.Random(self._chance.random()),), name=f"reader {n}")
            for n in range(READERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    # What they do

    def _act_on(self) -> None:
        with self._client() as http:
            while not self._over.wait(self._chance.uniform(*ACT_EVERY_S)):
                with self._acting:
                    self._act(http)

    def _act(self, http: httpx.Client) -> None:
        answer = self._ask(http, "GET", "/tasks", params={"page_size": 200})
        if answer is None or answer.status_code != 200:
            return
        unfinished = [item["id"] for item in answer.json()["items"] if item["status"] not in TERMINAL]
        if len(unfinished) < UNFINISHED:
            self._order(http)
        fate, mine = self._chance.random(), [followed.task for followed in self._open]
        if unfinished and fate < 0.06:
            self._ask(http, "POST", f"/tasks/{self._chance.choice(unfinished)}/cancel")
        elif mine and fate < 0.12:
            self._ask(http, "POST", f"/tasks/{self._chance.choice(mine)}/retry")
        elif mine and fate < 0.2:
            self._scene.background.run(self._come_back(self._chance.choice(self._open).watchers))

    async def _come_back(self, watchers: list[Watcher]) -> None:
        for watcher in watchers:
            if self._chance.random() < 0.5:
                await watcher.pause()
                await watcher.go_on()

    def _order(self, http: httpx.Client) -> None:
        """The same key until it is answered: an unknown outcome makes no second task."""
        config = {"screenshots": False, "use_passive_sources": False, "cloaking": False}
        key = {"Idempotency-Key": new_id()}
        while not self._over.is_set():
            answer = self._ask(http, "POST", "/tasks", json={"target_domain": TARGET, "config": config}, headers=key)
            if answer is not None and answer.status_code == 201:
                self._follow(answer.json()["id"])
                return
            time.sleep(0.5)

    def _follow(self, task: str) -> None:
        urls = [url for _, url in self._scene.servers]
        followed = Followed(task)
        for number in range(CLIENTS):
            turn = number % len(urls)
            watcher = Watcher(urls[turn:] + urls[:turn], self._person.token, task)
            followed.watchers.append(watcher)
            self._following.append(self._scene.background.begin(watcher.run()))
        self._open.append(followed)

    def _read_on(self, chance: random.Random) -> None:
        with self._client() as http:
            while not self._over.wait(chance.uniform(*READ_EVERY_S)):
                path, tasks = chance.choice(READS), [followed.task for followed in self._open]
                if "{task}" not in path or tasks:
                    self._ask(http, "GET", path.format(task=chance.choice(tasks) if tasks else ""))

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._person.token}"}
        return httpx.Client(timeout=ANSWER_S, trust_env=False, headers=headers)

    def _ask(self, http: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response | None:
        """None: there was no answer, which is nothing new of a server that was killed."""
        url = self._chance.choice(self._scene.servers)[1]
        began = time.monotonic()
        try:
            answer = http.request(method, f"{url}/api/v1{path}", **options)
        except httpx.TimeoutException:
            self.wrong.append(f"{method} {path} was not answered in {ANSWER_S:g} s")
            return None
        except httpx.TransportError:
            self.unanswered += 1
            return None
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.wrong.append(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
        elif answer.status_code == 401:
            self.wrong.append(f"{method} {path} was answered 401: {answer.text[:300]}")
        return answer

    # What must hold

    def judge_some(self, touched: set[tuple[str, int]], findings: set[tuple[Any, ...]]) -> None:
        """Those that ended long ago. Called while all services are there."""
        for followed in self._open:
            if followed.ended_at is None and self._scene.row(followed.task)["status"] in TERMINAL:
                followed.ended_at = time.monotonic()
        ended = sorted((one for one in self._open if one.ended_at is not None), key=lambda one: one.ended_at or 0)
        for followed in ended[: -OPEN or None]:
            with self._acting:
                if self._scene.row(followed.task)["status"] not in TERMINAL:  # begun anew
                    followed.ended_at = None
                elif self._is_level(followed):
                    self._judge(followed, touched, findings)

    def judge_all(self, touched: set[tuple[str, int]], findings: set[tuple[Any, ...]]) -> None:
        """At the end, those too that nobody knew of."""
        deadline = time.monotonic() + LEVEL_S
        while time.monotonic() < deadline and not all(self._is_level(followed) for followed in self._open):
            time.sleep(0.2)
        for followed in list(self._open):
            self._judge(followed, touched, findings)
        for task in self._scene.tasks():
            if task not in self._judged:
                self._judge(Followed(task), touched, findings)
        for following in self._following:
            if following.done():  # it goes on until it is cancelled
                self.wrong.append(f"a client broke: {following.exception()!r}")
            following.cancel()

    def _is_level(self, followed: Followed) -> bool:
        last = self._scene.row(followed.task)["last_seq"]
        return all(watcher.last == last for watcher in followed.watchers)

    def _judge(self, followed: Followed, touched: set[tuple[str, int]], findings: set[tuple[Any, ...]]) -> None:
        story, watchers = self._scene.story(followed.task), followed.watchers
        row = story.row
        said = [*judge(story, watchers), *self._of_attempts(story, touched)]
        if row["status"] == "completed" and story.findings != findings:
            missing, more = sorted(findings - story.findings), sorted(story.findings - findings)
            said.append(f"it has not found {missing}, and {more} besides")
        if row["status"] == "failed" and (row["error"] or {}).get("code") != "worker_lost":
            said.append(f"it failed with {row['error']}")
        for sentence in said:
            self._say(f"WRONG: {followed.task}: {sentence}")
            self.wrong.append(f"task {followed.task} ({row['status']}, attempt {row['attempt']}): {sentence}")
        self.ends[row["status"]] += 1
        self.told += sum(len(watcher.told_at) for watcher in watchers)
        self.lost += sum(len(lost(story, watcher)) for watcher in watchers)
        self.connections += sum(watcher.cuts + 1 for watcher in watchers)
        self.latest_s = max(self.latest_s, latest_s(story, watchers))
        self._judged.add(followed.task)
        if followed in self._open:
            self._open.remove(followed)
        for watcher in watchers:
            self._scene.background.run(watcher.pause())  # for good

    def _of_attempts(self, story: Story, touched: set[tuple[str, int]]) -> Iterator[str]:
        """No attempt is given up to whose worker and processes nobody did anything, unless it could not begin."""
        task = story.row["id"]
        gone = {
            event["attempt"]
            for event in story.events
            if (event["type"] == "task_retrying" and event["body"].get("reason") == "worker_lost")
            or (event["type"] == "task_completed" and (event["body"].get("error") or {}).get("code") == "worker_lost")
        }
        self.attempts_lost += len(gone)
        for attempt in sorted(gone):
            if (task, attempt) in touched:
                continue
            if self._could_not_begin(task, attempt):
                self.never_begun += 1
            else:
                yield f"attempt {attempt} was given up, and it was alive"

    def _could_not_begin(self, task: str, attempt: int) -> bool:
        """Whether its process said so, and ended by itself: the database was away. Such a one does not count."""
        ended = f'"task_id":"{task}","attempt":{attempt},"code":{EXIT_NO_RESOURCES},"event":"scan_process_ended"'
        return any(ended in worker.said() for worker in self._scene.workers)

    def summary(self) -> str:
        answers = ", ".join(f"{status}: {times}" for status, times in sorted(self.statuses.items()))
        ends = ", ".join(f"{times} {status}" for status, times in sorted(self.ends.items()))
        return (
            f"tasks {len(self._judged)}: {ends}; attempts given up: {self.attempts_lost}, "
            f"{self.never_begun} of them before they had begun, because PostgreSQL was away\n"
            f"answers by status: {answers}; the longest took {self.longest_s:.1f} s; none came to {self.unanswered}\n"
            f"events told {self.told} over {self.connections} connections, lost {self.lost}, "
            f"the latest after {self.latest_s:.1f} s"
        )
