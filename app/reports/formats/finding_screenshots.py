"""The screenshots of a report: each once, and for one that is missing, why."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.core.json_chunks import Json
from app.findings.evidence.images import UnreadableImage, shrink
from app.reports.formats.blocks import Picture, Text, Tone
from app.reports.formats.contents import ReportContents
from app.reports.formats.wording import moment_text

MAX_PICTURES: Final = 2  # of a finding
SMALL: Final = (360, 160)  # pixels: what stays of an empty page
LARGE: Final = (640, 420)  # on the first page
FIRST_PAGE: Final = 0  # where a picture stands that no finding's section has
NO_BROWSER: Final = "no_browser"  # key of the warning's text


class FindingScreenshots:
    """Of one report. `width`: pixels that a picture has at most."""

    def __init__(self, contents: ReportContents, *, width: int) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._width = width
        self._shown: dict[str, int] = {}  # hashes of the pictures, and the numbers of the findings that have them

    def on_first_page(self, capture: Json, caption: str) -> Picture | None:
        """Return the picture of a capture for the first page; None: there is none."""
        picture = self._picture(capture, caption, least=LARGE)
        if not isinstance(picture, Picture):
            return None
        self._shown[capture["screenshot"]["sha256"]] = FIRST_PAGE
        return picture

    def blocks(self, number: int, third_partys: Sequence[Json], sites: Sequence[Json]) -> Iterator[Picture | Text]:
        """Show what a visitor sees: the third party, our pages that lead there, then more of the third party.

        A page of ours that forwards is captured where it leads, as the third party is: what shows the same comes once,
        and a picture that the report has before is named by the finding that has it.
        """
        pictures, addresses, named = 0, set[str](), set[str]()
        for capture in (*third_partys[:1], *sites, *third_partys[1:]):
            address = _address(capture)
            if address in addresses or pictures == MAX_PICTURES:
                continue
            digest = _digest(capture)
            if digest in self._shown:
                addresses.add(address)
                if digest not in named and self._shown[digest] != number:
                    yield self._reference(address, self._shown[digest])
                named.add(digest)
            elif isinstance(picture := self._picture(capture), Picture):
                self._shown[digest] = number
                addresses.add(address)
                pictures += 1
                yield picture
        for capture in (*third_partys[:1], *sites[:1]):  # of these a reader expects a picture
            address = _address(capture)
            if address not in addresses and pictures < MAX_PICTURES:
                addresses.add(address)
                yield Text(self._texts("report.no_screenshot", url=address, reason=self._picture(capture)), Tone.NOTE)

    def _reference(self, address: str, number: int) -> Text:
        if number == FIRST_PAGE:
            return Text(self._texts("report.screenshot_on_first_page", url=address), Tone.NOTE)
        return Text(self._texts("report.screenshot_above", url=address, number=number), Tone.NOTE)

    def _picture(self, capture: Json, caption: str = "", *, least: tuple[int, int] = SMALL) -> Picture | str:
        """Return the screenshot, encoded anew and small, or why there is none."""
        if capture["screenshot"] is None:
            return self._reason(capture)
        data = self._contents.read_content(capture["screenshot"]["sha256"])
        if data is None:
            return self._texts("picture.lost")
        try:
            jpeg, width, height = shrink(data, width=self._width, least=least)
        except UnreadableImage:
            return self._texts("picture.lost")
        said = self._texts("report.screenshot", url=_address(capture), time=moment_text(capture["captured_at"]))
        return Picture(jpeg, caption or said, width, height)

    def _reason(self, capture: Json) -> str:
        row = self._contents.row
        if capture["error"] is not None:
            return self._contents.named("fetch_error", capture["error"])
        if capture["html"] is None:
            return self._texts("picture.no_page")
        if row.config.get("screenshots") is False:
            return self._texts("picture.not_wanted")
        if any(warning.get("text_key") == NO_BROWSER for warning in row.warnings):
            return self._texts("picture.no_browser")
        return self._texts("picture.not_taken")


def _address(capture: Json) -> str:
    return str(capture["final_url"] or capture["url"])


def _digest(capture: Json) -> str:
    """Return the hash of the picture; the address of a capture that has none."""
    return str(_address(capture) if capture["screenshot"] is None else capture["screenshot"]["sha256"])
