"""A scan that was started in one language is read in the other: each frame, line, warning, violation and report.

Words of the site itself (addresses, titles, quotations, terms) stay as they are; they stand in `params`.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from websockets.sync.client import connect

from app.domain.evidence_text import source_text
from app.domain.messages import Language, MessageCatalog
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.violations import Evidence, ViolationKey, violation_type
from tests.support.scanned import scanned_testnet

CJK = re.compile(r"[\u3001-\u9fff\uff00-\uffef]")
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")  # three words in a row are a sentence
OTHER = {Language.ZH_CN: Language.EN, Language.EN: Language.ZH_CN}
FOREIGN = {Language.EN: CJK, Language.ZH_CN: ENGLISH}  # what a text in this language does not have
TELLING = {
    "task_created",
    "task_started",
    "task_progress",
    "task_stage",
    "task_logs",
    "violation_detected",
    "task_completed",
}
Json = dict[str, Any]


@pytest.fixture(scope="module", params=Language)
def scanned(request, tmp_path_factory):
    """A scan, the language that it was started in, and the reader's."""
    folder = tmp_path_factory.mktemp("languages") / "data"
    with scanned_testnet(folder, language=request.param, screenshots=False) as found:
        yield found, request.param, OTHER[request.param]


def frames_of(scanned: Any, query: str, *, last_seq: int | None) -> list[Json]:
    """All that who follows the ended task gets: a replay of everything, or a snapshot."""
    http, task_id = scanned.http, scanned.task_id
    ticket = http.post("/api/v1/monitor/ws/ticket").json()["ticket"]
    address = str(http.base_url).replace("http", "ws", 1).rstrip("/")
    found: list[Json] = []
    with connect(f"{address}/api/v1/monitor/ws?ticket={ticket}{query}", proxy=None, max_size=None) as socket:
        command = {"type": "subscribe_task", "task_id": task_id, "log_tail": 1_000}
        socket.send(json.dumps(command if last_seq is None else {**command, "last_seq": last_seq}))
        while not found or found[-1]["type"] not in ("task_completed", "task_snapshot"):
            found.append(json.loads(socket.recv(timeout=20)))
    return found


def leaves(params: Any) -> Iterator[str]:
    """What the site has a say in: every text among the parameters that is no text of ours."""
    match params:
        case {"text_key": str(), "params": within}:
            yield from leaves(within)
        case dict():
            for value in params.values():
                yield from leaves(value)
        case list():
            for value in params:
                yield from leaves(value)
        case str():
            yield params


def check(fields: Json, language: Language, name: str = "message") -> None:
    """The sentence is ours, and in this language but for the site's words."""
    assert fields.get("text_key"), fields
    said = fields[name]
    assert "\\n" not in said, said
    for word in sorted(leaves(fields["params"]), key=len, reverse=True):
        said = said.replace(word, "")
    assert not FOREIGN[language].search(said), fields
    assert MessageCatalog(language).remake(fields["text_key"], fields["params"]) is not None


def check_stage(fields: Json, language: Language) -> None:
    assert fields["stage"] == STAGE_BY_KEY[StageKey(fields["stage_key"])].name(language)


def check_violation(fields: Json, language: Language) -> None:
    found = fields["violation"]
    assert found["violation_type"] == violation_type(ViolationKey(fields["violation_key"]), language)
    check({**found, "text_key": fields["text_key"], "params": fields["params"]}, language, "description")


def check_frame(frame: Json, language: Language) -> None:
    if "stage_key" in frame and frame["stage_key"] is not None:
        check_stage(frame, language)
    match frame["type"]:
        case "task_logs":
            for line in frame["logs"]:
                check(line, language)
        case "violation_detected":
            check_violation(frame, language)
        case "task_snapshot":
            check_snapshot(frame, language)
        case "connection_established":
            assert frame["message"] == MessageCatalog(language)("connected")
        case _ if "message" in frame:
            check(frame, language)
    if frame["type"] in TELLING:
        assert frame["lang"] == language


def check_snapshot(frame: Json, language: Language) -> None:
    for fields in (*frame["warnings"], *frame["logs"]):
        check(fields, language)
    for found in frame["violations"]["recent"]:
        check_violation(found, language)
    for stage in frame["stages"]:
        assert stage["name"] == STAGE_BY_KEY[StageKey(stage["key"])].name(language)


def test_every_replayed_frame_is_in_the_readers_language(scanned):
    found, _, reader = scanned
    frames = frames_of(found, f"&lang={reader}", last_seq=0)
    assert {frame["type"] for frame in frames} >= TELLING
    for frame in frames:
        check_frame(frame, reader)


def test_without_a_language_the_frames_are_in_the_deployments_and_say_the_same_facts(scanned):
    found, own, reader = scanned
    frames = frames_of(found, "", last_seq=0)
    for frame in frames:
        check_frame(frame, own)
    others = frames_of(found, f"&lang={reader}", last_seq=0)
    assert [bare(frame) for frame in frames if "attempt" in frame] == [
        bare(frame) for frame in others if "attempt" in frame
    ]


def bare(value: Any) -> Any:
    """An event without its texts."""
    texts = {"message", "description", "stage", "violation_type", "lang"}
    match value:
        case dict():
            return {name: bare(item) for name, item in value.items() if name not in texts}
        case list():
            return [bare(item) for item in value]
        case _:
            return value


def test_a_snapshot_is_in_the_readers_language(scanned):
    found, _, reader = scanned
    for frame in frames_of(found, f"&lang={reader}", last_seq=None):
        check_frame(frame, reader)


def test_an_event_stream_is_in_the_readers_language(scanned):
    found, _, reader = scanned
    path = f"/api/v1/monitor/tasks/{found.task_id}/events?lang={reader}&last_event_id=0"
    kinds = set()
    with found.http.stream("GET", path) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                frame = json.loads(line.removeprefix("data: "))
                check_frame(frame, reader)
                kinds.add(frame["type"])
                if frame["type"] == "task_completed":
                    break
    assert kinds >= TELLING


def test_the_log_is_in_the_readers_language_and_every_line_has_its_key(scanned):
    found, _, reader = scanned
    path = f"/api/v1/monitor/tasks/{found.task_id}/logs"
    lines = found.http.get(f"{path}?limit=1000&lang={reader}").json()["items"]
    assert len(lines) > 100
    for line in lines:
        check(line, reader)
    text = found.http.get(f"{path}?format=text", headers={"Accept-Language": reader.value}).text
    assert [line["message"] for line in lines if line["message"] in text] == [line["message"] for line in lines]


def test_the_state_and_the_task_are_in_the_readers_language(scanned):
    found, _, reader = scanned
    state = found.http.get(f"/api/v1/monitor/tasks/{found.task_id}/status?lang={reader}").json()
    check_snapshot({**state, "logs": []}, reader)
    task = found.get(f"?lang={reader}").json()
    check_stage(task, reader)
    for listed in found.http.get(f"/api/v1/tasks?lang={reader}").json()["items"]:
        check_stage(listed, reader)


def test_the_report_is_in_the_readers_language(scanned):
    found, _, reader = scanned
    report = found.get(f"/report?lang={reader}").json()
    check_stage(report["task"], reader)
    assert report["violations"] == found.all_items(f"/violations?lang={reader}")
    for warning in report["warnings"]:
        check(warning, reader)
    for item in report["violations"]:
        check(item, reader, "description")
        assert item["violation_type"] == violation_type(ViolationKey(item["violation_key"]), reader)
        for evidence in item["evidence"]:
            assert evidence["source"] == source_text(Evidence.from_json(evidence), MessageCatalog(reader))
            assert "\\n" not in evidence["snippet"]


def test_violations_are_no_warnings_of_the_log(scanned):
    found, _, _ = scanned
    task = found.get("").json()
    warned = [line for line in logged(found) if line["level"] == "WARNING"]
    assert task["log_counts"].get("WARNING", 0) == len(warned)
    assert not [line for line in warned if line["text_key"] == "violation_found"]
    assert [line for line in logged(found) if line["text_key"] == "violation_found"]


@cache
def logged_at(http: Any, task_id: str) -> list[Json]:
    return list(http.get(f"/api/v1/monitor/tasks/{task_id}/logs?limit=1000").json()["items"])


def logged(found: Any) -> list[Json]:
    return logged_at(found.http, found.task_id)
