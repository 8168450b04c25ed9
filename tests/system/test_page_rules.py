"""The page's modules without a DOM, run where they live: in Chromium, by the tests in test_page_rules.js."""

import re
from pathlib import Path

import pytest

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
    texts = (STATIC / "texts.js").read_text("utf-8")
    known = set(re.findall(r'^  "([\w.-]+)": \[', texts, re.MULTILINE))
    code = "".join(path.read_text("utf-8") for path in STATIC.rglob("*.js") if path.name != "texts.js")
    spoken = set(re.findall(r'"([a-z_]+\.[a-zA-Z_.]+)"', code)) & known | used_keys(code)
    by_code = ("error.", "failure.", "status.", "stage.", "stage_status.", "warning.", "violation.", "risk.")
    by_code += ("category.", "outcome.", "relation.", "stat.", "log.level.", "signin.feature_")
    assert used_keys(code) - known == set()
    assert {key for key in known - spoken if not key.startswith(by_code)} == set()


def used_keys(code):
    return set(re.findall(r'\bt\("([\w.-]+)"', code))
