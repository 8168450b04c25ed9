"""The page's modules without a DOM, run where they live: in Chromium, by the tests in test_page_rules.js."""

import json
import random
import re
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from app.core.ids import new_id
from app.domain.projection import TaskProjection, apply
from app.domain.stages import StageKey
from app.domain.verdict import Reason, Result
from app.events.types import EVENT_BODIES, NOTICE_TYPES, Statistics
from app.websocket.asyncapi.document import build_document
from tests.system.page_support import open_browser, open_page, open_theatre

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).with_suffix(".js")
STATIC = ROOT / "app" / "static"
# Of what REST answers: the page has no administration and asks in no unusual way. Else it shows the server's text.
MET = re.compile(
    r"error\.(target|start_url|task|scan_store|database|missing|invalid|expired|user_disabled|not_found"
    r"|internal|unavailable|contended|rate_limited|forbidden)"
)
RUN = """async () => {
    const { tests } = await import("/static/test_page_rules.js");
    const outcomes = {};
    for (const [sentence, run] of tests) {
        try { await run(); outcomes[sentence] = "passed"; } catch (error) { outcomes[sentence] = String(error.stack); }
    }
    return outcomes;
}"""
# For each key of the contract what happens when its example comes to a page that follows the task of the examples.
TAKE = """async (frames) => {
    const { Realtime } = await import("/static/realtime.js");
    const { TaskState } = await import("/static/taskstate.js");
    const text = (state) => JSON.stringify({ ...state, found: [...state.found], seq: 0 });
    const [snapshot] = frames.task_snapshot;

    async function take(frame) {
        const effects = new Set();
        const timers = [];
        const send = (sent) => effects.add(`sends ${JSON.parse(sent).type}`);
        const socket = { send, close: () => effects.add("closes") };
        let state = null;
        const realtime = new Realtime({
            openSocket: () => socket,
            getTicket: async () => "ticket",
            getToken: async () => "token",
            clock: { now: () => 1_000, after: (ms) => { timers.push(ms); return () => {}; } },
            random: () => 0.5,
            listener: {
                onStatus: ({ phase }) => effects.add(`is ${phase}`),
                onNotice: () => effects.add("notice"),
                onBroadcast: () => effects.add("broadcast"),
            },
        });
        const say = (said) => socket.onmessage({ data: JSON.stringify(said) });
        const onFrame = (applied) => {
            if (applied.type === "task_snapshot") state = new TaskState(applied);
            else if (applied.type === "task_deleted") effects.add("deleted");
            const before = text(state);
            state.apply(applied);
            if (text(state) !== before) effects.add("state");
            if (applied.type === "task_snapshot") effects.add("snapshot");
        };
        realtime.follow(snapshot.task_id, { listener: { onFrame, onLost: () => effects.add("lost") } });
        realtime.start();
        for (let turn = 0; turn < 8; turn += 1) await null;
        if (frame.type !== "connection_established") {
            say(frames.connection_established[0]);
            if (frame.type !== "subscription_result" && frame.type !== "error") {
                const { recovered, ...result } = frames.subscription_result[0];
                say({ ...result, seq: 1, id: "c1" });
                say({ ...snapshot, seq: 1 });
                if (state.status !== "running") throw new Error("the example is not of a running task");
            }
        }
        effects.clear();
        const [waiting] = [timers.length];
        const { prev_seq: before, ...rest } = frame; // null: as a notice, without it
        say({ ...rest, ...(before ? { prev_seq: 1 } : {}) });
        for (let turn = 0; turn < 8; turn += 1) await null;
        if (timers.length > waiting) effects.add("timer");
        if (realtime.status.lastFrameAt !== 1_000) effects.add("not heard");
        return [...effects].sort();
    }

    const seen = {};
    for (const [key, examples] of Object.entries(frames)) {
        const all = new Set();
        for (const example of examples) for (const effect of await take(example)) all.add(effect);
        seen[key] = [...all].sort();
    }
    return seen;
}"""
EFFECTS = {
    "admin_broadcast": ["broadcast"],
    "auth_result": ["closes", "is waiting", "timer"],  # when the token was not taken; else there is nothing to do
    "connection_established": ["is online", "sends subscribe_task"],
    "error": ["lost"],  # when it answers a command
    "logs_dropped": ["state"],
    "ping": ["sends pong"],
    "pong": [],  # a sign of life: test_page_rules.js
    "reconnect_advice": [],  # counts after the close: test_page_rules.js
    "status": [],  # the page never asks
    "subscription_result": [],  # from it on the frames of the task count
    "task_cancelling": ["state"],
    "task_completed": ["state"],
    "task_created": [],  # a followed task is there already
    "task_deleted": ["deleted", "sends unsubscribe_task"],
    "task_deleted.gone": ["deleted", "sends unsubscribe_task"],
    "task_error": ["state"],
    "task_logs": ["state"],
    "task_progress": ["state"],
    "task_retrying": ["state"],
    "task_snapshot": ["snapshot"],
    "task_stage": ["state"],
    "task_started": ["state"],
    "task_warning": ["state"],
    "token_expiring": ["timer"],
    "violation_detected": ["state"],
    **{f"notice of {kind}": ["notice"] for kind in NOTICE_TYPES},
}
FOLD = """async ([snapshot, events]) => {
    const { TaskState } = await import("/static/taskstate.js");
    const state = new TaskState(snapshot);
    for (const event of events) state.apply(event);
    const { progress, stage_key, stages, statistics, counts, log_counts, warnings, error, verdict } = state;
    return { progress, stage_key, stages, statistics, counts, log_counts, warnings, error, verdict };
}"""
KNOWN = """async (keys) => {
    const { createTexts } = await import("/static/texts.js");
    const t = createTexts("en");
    return keys.filter((key) => !t.has(key));
}"""


@pytest.mark.system
async def test_the_rules_of_the_page_hold_in_the_browser(tmp_path):
    async with open_theatre(tmp_path) as theatre, open_browser() as browser:
        page = await open_page(browser, theatre.url)
        await page.route("**/static/test_page_rules.js", lambda route: route.fulfill(path=RULES))
        outcomes = await page.evaluate(RUN)
    written = re.findall(r'^test\("(.+?)"', RULES.read_text("utf-8"), re.MULTILINE)
    assert sorted(outcomes) == sorted(written)
    assert {sentence: outcome for sentence, outcome in outcomes.items() if outcome != "passed"} == {}


@pytest.mark.system
async def test_every_frame_of_the_contract_does_to_the_page_what_it_is_there_for(tmp_path):
    messages = build_document("0")["components"]["messages"]
    frames = {
        key: [example["payload"] for example in message["examples"]]
        for key, message in messages.items()
        if not key.startswith("command.")
    }
    stranger = {"task_id": new_id(), "prev_seq": None}
    frames |= {f"notice of {kind}": [frames[kind][0] | stranger] for kind in sorted(NOTICE_TYPES)}
    frames["error"].append(frames["error"][0] | {"id": "c1"})  # the answer to the page's own command
    frames["auth_result"].append(frames["auth_result"][0] | {"success": False})
    async with open_theatre(tmp_path) as theatre, open_browser() as browser:
        page = await open_page(browser, theatre.url)
        seen = await page.evaluate(TAKE, frames)
    assert seen == EFFECTS


@pytest.mark.system
async def test_the_page_folds_events_as_the_server_does(tmp_path):
    chance = random.Random(8)
    messages = build_document("0")["components"]["messages"]
    (snapshot,) = (example["payload"] for example in messages["task_snapshot"]["examples"])
    async with open_theatre(tmp_path) as theatre, open_browser() as browser:
        page = await open_page(browser, theatre.url)
        for _ in range(30):
            events = [changed(chance, chance.choice(EVENT_BODIES)) for _ in range(40)]
            assert await page.evaluate(FOLD, [snapshot, events]) == folded(snapshot, events)


def changed(chance, body):
    """An event like the example, with other values where the fold looks."""
    frame = {**json.loads(orjson.dumps(dict(body.example))), "type": body.type, "attempt": chance.randint(1, 3)}
    frame |= {"seq": 1, "timestamp": f"2026-01-01T00:00:{chance.randint(10, 59)}.000Z"}
    others = {
        "progress": chance.randint(0, 100),
        "stage_progress": chance.randint(0, 100),
        "stage_key": chance.choice([key.value for key in StageKey]),
        "needs_review": chance.random() < 0.5,
        "reason": chance.choice(["worker_lost", "asked"]),
        "counts": {"pages": chance.randint(0, 99)},
    }
    frame |= {name: value for name, value in others.items() if name in frame}
    if body.type == "task_stage":
        frame["status"] = chance.choice(["running", "completed", "failed", "skipped", "cancelled"])
    if body.type == "violation_detected":
        frame["violation"]["risk_level"] = chance.choice(["low", "medium", "high", "critical"])
    return frame


def folded(snapshot, events):
    state = TaskProjection.from_snapshot(snapshot)
    for event in events:
        state = apply(state, event["type"], event, attempt=event["attempt"], at=event["timestamp"])
    names = {stage["key"]: stage["name"] for stage in snapshot["stages"]}
    shown = {
        "progress": state.progress,
        "stage_key": state.stage_key,
        "stages": [{**asdict(stage), "name": names[stage.key]} for stage in state.stages],
        "statistics": {**Statistics().model_dump(), **state.statistics},
        "counts": {**dict.fromkeys(("total", "critical", "high", "medium", "low", "needs_review"), 0)}
        | dict(state.violation_counts),
        "log_counts": dict(state.log_counts),
        "warnings": [dict(warning) for warning in state.warnings],
        "error": state.error,
        "verdict": state.verdict,
    }
    return json.loads(orjson.dumps(shown))


@pytest.mark.system
async def test_a_third_language_is_a_file_and_its_line(tmp_path):
    listed = (STATIC / "locales" / "index.js").read_text("utf-8")
    english = (STATIC / "locales" / "en.js").read_text("utf-8")
    bodies = {
        "index.js": listed.replace(", en }", ", en, fr }").replace("import en", 'import fr from "./fr.js";\nimport en'),
        "fr.js": english.replace('"English"', '"Français"').replace('": "', '": "«fr» '),
    }
    async with open_theatre(tmp_path) as theatre, open_browser() as browser:
        page = await browser.new_page()
        await page.route(
            re.compile(r"/static/locales/(index|fr)\.js$"),
            lambda route: route.fulfill(
                body=bodies[route.request.url.rpartition("/")[2]], content_type="text/javascript"
            ),
        )
        await page.goto(f"{theatre.url}/?lang=fr")
        texts = await page.locator("h1, label, button").all_inner_texts()
        assert await page.evaluate("document.documentElement.lang") == "fr"
        assert [text for text in texts if text.strip() and "«fr»" not in text] == ["中文"]  # what the button offers
        await page.locator("button.language").click()
        assert await page.evaluate("document.documentElement.lang") == "zh-CN"


@pytest.mark.system
async def test_every_documented_code_that_the_page_can_meet_has_a_text(tmp_path):
    sections = {"## Answers of REST": "error", "## How an attempt fails": "failure", "## Warnings of a task": "warning"}
    keys = [f"{prefix}.{code}" for heading, prefix in sections.items() for code in documented_codes(heading)]
    keys = [key for key in keys if not key.startswith("error.") or MET.match(key)]
    assert len(keys) > 40
    async with open_theatre(tmp_path) as theatre, open_browser() as browser:
        page = await open_page(browser, theatre.url)
        assert await page.evaluate(KNOWN, keys) == []


def documented_codes(heading):
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_page_never_turns_text_into_markup_or_code():
    for path in STATIC.rglob("*"):
        text = path.read_text("utf-8") if path.is_file() else ""
        forbidden = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=|<script>|\son\w+=\""
        )
        assert re.findall(forbidden, text) == [], path


def test_every_text_that_is_used_exists_and_every_text_is_used():
    known = known_texts()
    code = "".join(path.read_text("utf-8") for path in STATIC.rglob("*.js") if path.parent.name != "locales")
    spoken = set(re.findall(r'"([a-z_]+\.[a-zA-Z_.]+)"', code)) & known | used_keys(code)
    by_code = ("error.", "failure.", "status.", "stage.", "stage_status.", "warning.", "violation.", "risk.")
    by_code += ("category.", "outcome.", "relation.", "stat.", "log.level.", "signin.feature_", "reason.", "verdict.")
    by_code += ("content.", "page_class.", "capture_error.", "attempts.", "report_format.", "stage_hint.", "dns.")
    by_code += tuple(f"reference.{part}_" for part in ("bound", "frame", "in", "phase", "table", "title"))
    assert used_keys(code) - known == set()
    assert {key for key in known - spoken if not key.startswith(by_code)} == set()


def test_the_page_has_a_text_for_each_verdict_and_each_reason_and_for_no_other():
    assert texts_of("verdict") - {"because", "separator"} == {result.value for result in Result}
    assert texts_of("reason") == {reason.value for reason in Reason}


def texts_of(kind):
    return {key.partition(".")[2] for key in known_texts() if key.startswith(f"{kind}.")}


def known_texts():
    return set(re.findall(r'^  "([\w.-]+)": "', (STATIC / "locales" / "en.js").read_text("utf-8"), re.MULTILINE))


def used_keys(code):
    return set(re.findall(r'\b(?:t|offered)\("([\w.-]+)"', code))
