"""The modules of the page about the real-time protocol, run in Chromium by the tests in test_reference_rules.js."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.system.page_support import open_page

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).with_suffix(".js")
STATIC = ROOT / "app" / "static"
RUN = """async () => {
    const { tests } = await import("/static/test_reference_rules.js");
    const outcomes = {};
    for (const [sentence, run] of tests) {
        try { await run(); outcomes[sentence] = "passed"; } catch (error) { outcomes[sentence] = String(error.stack); }
    }
    return outcomes;
}"""


@pytest.mark.system
@pytest.mark.asyncio(loop_scope="module")
async def test_their_rules_hold_in_the_browser(browser, theatre):
    page = await open_page(browser, f"{theatre.url}/asyncapi")
    await page.route("**/static/test_reference_rules.js", lambda route: route.fulfill(path=RULES))
    outcomes = await page.evaluate(RUN)
    written = re.findall(r'^test\("(.+?)"', RULES.read_text("utf-8"), re.MULTILINE)
    assert sorted(outcomes) == sorted(written)
    assert {sentence: outcome for sentence, outcome in outcomes.items() if outcome != "passed"} == {}


@pytest.mark.system
@pytest.mark.asyncio(loop_scope="module")
async def test_a_third_language_is_a_file_and_its_line(browser, theatre):
    listed = (STATIC / "locales" / "index.js").read_text("utf-8")
    english = (STATIC / "locales" / "en.js").read_text("utf-8")
    bodies = {
        "index.js": listed.replace(", en }", ", en, fr }").replace("import en", 'import fr from "./fr.js";\nimport en'),
        "fr.js": english.replace('"English"', '"Français"').replace('": "', '": "«fr» '),
    }
    page = await browser.new_page()
    await page.route(
        re.compile(r"/static/locales/(index|fr)\.js$"),
        lambda route: route.fulfill(body=bodies[route.request.url.rpartition("/")[2]], content_type="text/javascript"),
    )
    await page.goto(f"{theatre.url}/asyncapi?lang=fr")
    await expect(page.locator("#access")).to_be_visible()
    texts = await page.locator("#access h2, #access label, #access button, .bar-end button").all_inner_texts()
    assert await page.evaluate("document.documentElement.lang") == "fr"
    assert [text for text in texts if text.strip() and "«fr»" not in text] == ["中文"]  # what the button offers
    await page.locator(".bar-end button").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_they_never_turn_text_into_markup_or_code():
    for path in STATIC.rglob("*"):
        text = path.read_text("utf-8") if path.is_file() else ""
        forbidden = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=|<script>|\son\w+=\""
        )
        assert re.findall(forbidden, text) == [], path


def test_every_text_that_is_used_exists_and_every_text_is_used():
    known = set(re.findall(r'^  "([\w.-]+)": "', (STATIC / "locales" / "en.js").read_text("utf-8"), re.MULTILINE))
    code = "".join(path.read_text("utf-8") for path in STATIC.rglob("*.js") if path.parent.name != "locales")
    used = set(re.findall(r'\b(?:t|offered)\("([\w.-]+)"', code))
    spoken = set(re.findall(r'"([a-z_]+\.[a-zA-Z_.]+)"', code)) & known | used
    by_code = ("error.", *(f"reference.{part}_" for part in ("bound", "frame", "phase", "table", "title")))
    assert used - known == set()
    assert {key for key in known - spoken if not key.startswith(by_code)} == set()
