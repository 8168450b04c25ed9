"""What the page says of codes of the server, and that it says nothing as markup: read from `frontend/src`."""

import json
import re

from app.domain.verdict import Reason, Result
from tests.docs.markdown import ROOT

SOURCE = ROOT / "frontend" / "src"
# Of what REST answers: the page asks in no unusual way. Else it shows the server's text.
MET = re.compile(
    r"error\.(target|start_url|task|scan_store|database|missing|invalid|expired|user_disabled|not_found"
    r"|internal|unavailable|contended|rate_limited|forbidden)"
)
MARKUP = r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function"
# The library of the chart empties its element; the page has it do that without markup (useChart.ts).
EMPTIED = re.compile(r"through `innerHTML`, which the policy|\(element, \"innerHTML\", \{ set: \(\) => element")


def known_texts() -> set[str]:
    return set(json.loads((SOURCE / "locales" / "en.json").read_text("utf-8")))


def documented_codes(heading):
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_documented_code_that_the_page_can_meet_has_a_text():
    sections = {"## Answers of REST": "error", "## How an attempt fails": "failure", "## Warnings of a task": "warning"}
    keys = {f"{prefix}.{code}" for heading, prefix in sections.items() for code in documented_codes(heading)}
    keys = {key for key in keys if not key.startswith("error.") or MET.match(key)}
    assert len(keys) > 40
    assert keys - known_texts() == set()


def test_the_page_has_a_text_for_each_reason_and_for_no_other():
    assert texts_of("reason") == {reason.value for reason in Reason}
    assert texts_of("verdict") >= {result.value for result in Result}


def texts_of(kind):
    return {key.partition(".")[2] for key in known_texts() if key.startswith(f"{kind}.")}


def test_the_page_never_turns_text_into_markup_or_code():
    sources = [path for path in SOURCE.rglob("*") if path.suffix in {".ts", ".vue"}]
    assert len(sources) > 50
    for path in sources:
        text = EMPTIED.sub("", path.read_text("utf-8"))
        assert re.findall(MARKUP, text) == [], path
