"""The pictures that people look at show every view of the page, as CONTRIBUTING.md says."""

import re

from tests.docs.markdown import ROOT

PICTURES = (ROOT / "tests/docs/page_screenshots.py").read_text("utf-8")


def test_every_view_is_pictured():
    router = (ROOT / "frontend/src/router.ts").read_text("utf-8")
    names = set(re.findall(r'name: "([a-z-]+)", component', router)) - {"start"}  # which is never shown
    assert {"inventory", "notifications", "scan"} <= names
    assert {name for name in names if not re.search(rf'take\(f?"{name}[-"]', PICTURES)} == set()


def test_every_tab_of_a_scan_is_pictured():
    tabs = (ROOT / "frontend/src/components/scan/tabs.ts").read_text("utf-8")
    (found,) = re.findall(r"const TABS = \[(.*)\] as const", tabs)
    names = set(re.findall(r'"(\w+)"', found)) - {"log"}  # which a running scan shows
    assert "changes" in names
    assert {name for name in names if f'    "{name}": "' not in PICTURES and f'"scan-{name}"' not in PICTURES} == set()
