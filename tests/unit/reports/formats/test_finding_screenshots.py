"""The screenshots of a finding, and why one is missing."""

from io import BytesIO

import pytest
from PIL import Image

from app.reports.formats.blocks import Picture, Text, Tone
from app.reports.formats.finding_screenshots import MAX_PICTURES, FindingScreenshots

SHOTS = ["1" * 64, "2" * 64, "3" * 64]
CASINO = "https://casino.test/"


def screenshot(size=(2_000, 9_000)):
    """Return a picture with something in its last corner but one, so that nothing of it is empty."""
    written, picture = BytesIO(), Image.new("RGB", size)
    picture.paste((255, 255, 255), (size[0] - 30, size[1] - 30, size[0] - 10, size[1] - 10))
    picture.save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def contents():
    return {sha256: screenshot() for sha256 in SHOTS}


def capture(url=CASINO, final_url="", *, shot=None, error=None, html=True):
    """As `EvidenceViews.capture` has it, as far as it counts here."""
    return {
        "url": url,
        "final_url": final_url or url,
        "captured_at": "2026-01-01T10:00:00Z",
        "error": error,
        "html": {"sha256": "9" * 64} if html else None,
        "screenshot": None if shot is None else {"sha256": SHOTS[shot]},
    }


def show(report, third_partys=(), sites=()):
    return list(FindingScreenshots(report, width=960).blocks(1, third_partys, sites))


def test_a_screenshot_is_encoded_anew_and_small(make_report, contents):
    (picture,) = show(make_report(), [capture(shot=0)])
    assert (picture.width, picture.height) == (427, 1_920)
    assert picture.jpeg not in contents.values()
    assert CASINO in picture.caption


def test_a_picture_is_printed_once_in_a_report_and_named_afterwards(make_report):
    report = make_report()
    screenshots = FindingScreenshots(report, width=960)
    ours = capture("https://www.corp.test/", shot=1)
    assert len(list(screenshots.blocks(1, [capture(shot=0)], [ours]))) == 2
    first, again = screenshots.blocks(4, [capture("https://shop.test/", shot=2)], [ours])
    assert isinstance(first, Picture)
    said = report.texts("report.screenshot_above", url="https://www.corp.test/", number=1)
    assert again == Text(said, Tone.NOTE)


def test_that_of_the_first_page_is_named_too(make_report):
    report = make_report()
    screenshots = FindingScreenshots(report, width=960)
    picture = screenshots.on_first_page(capture(shot=0), "the worst")
    assert picture.caption == "the worst"
    assert screenshots.on_first_page(capture(), "none") is None
    (said,) = screenshots.blocks(1, [capture(shot=0)], [])
    assert said == Text(report.texts("report.screenshot_on_first_page", url=CASINO), Tone.NOTE)


def test_what_shows_the_same_comes_once(make_report):
    """A page of ours that forwards is captured where it leads: the third party's own picture again."""
    forwards = capture("https://www.corp.test/go", CASINO, shot=1)
    shown = show(make_report(), [capture(shot=0)], [forwards, capture("https://www.corp.test/", shot=2)])
    assert [picture.caption.split()[2] for picture in shown] == [f"{CASINO},", "https://www.corp.test/,"]


def test_the_picture_of_a_forwarding_page_stands_for_that_which_is_missing(make_report):
    (picture,) = show(make_report(), [capture()], [capture("https://www.corp.test/go", CASINO, shot=1)])
    assert isinstance(picture, Picture)


def test_there_are_few(make_report):
    captures = [capture(f"https://casino.test/{number}", shot=number) for number in range(3)]
    assert len(show(make_report(), captures)) == MAX_PICTURES


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("missing", "changes", "key"),
    [
        (capture(error="dns", html=False), {}, "fetch_error.dns"),
        (capture(html=False), {}, "picture.no_page"),
        (capture(), {"config": {"screenshots": False}}, "picture.not_wanted"),
        (capture(), {"warnings": [{"text_key": "no_browser"}]}, "picture.no_browser"),
        (capture(), {}, "picture.not_taken"),
    ],
)
def test_one_that_is_missing_says_why(make_report, language, missing, changes, key):
    report = make_report(language, **changes)
    (said,) = show(report, [missing])
    assert said == Text(report.texts("report.no_screenshot", url=CASINO, reason=report.texts(key)), Tone.NOTE)


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_one_that_is_gone_or_damaged_says_so(make_report, contents, content):
    contents.pop(SHOTS[0])
    if content is not None:
        contents[SHOTS[0]] = content
    report = make_report()
    (said,) = show(report, [capture(shot=0)])
    assert report.texts("picture.lost") in said.text


def test_of_our_own_page_too_and_of_those_alone_that_a_reader_expects(make_report):
    shown = show(
        make_report(),
        [capture(), capture("https://casino.test/2")],
        [capture("https://www.corp.test/"), capture("https://www.corp.test/2")],
    )
    assert [said.text.split()[3] for said in shown] == [f"{CASINO}:", "https://www.corp.test/:"]
