"""The screenshots of a finding: each once, and for one that is missing, why."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.core.json_chunks import Json
from app.findings.evidence.images import UnreadableImage, shrink
from app.reports.formats.blocks import Picture, Text, Tone
from app.reports.formats.contents import ReportContents
from app.reports.formats.wording import moment_text

MAX_PICTURES: Final = 2
NO_BROWSER: Final = "no_browser"  # key of the warning's text


class FindingScreenshots:
    """Of one report. `width`: pixels that a picture has at most."""

    def __init__(self, contents: ReportContents, *, width: int) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._width = width

    def blocks(self, third_partys: Sequence[Json], sites: Sequence[Json]) -> Iterator[Picture | Text]:
        """Show what a visitor sees: the third party, our pages that lead there, then more of the third party.

        A page of ours that forwards is captured where it leads, as the third party is: what shows the same comes once.
        """
        shown: set[str] = set()
        for capture in (*third_partys[:1], *sites, *third_partys[1:]):
            address = _address(capture)
            picture = self._picture(capture) if address not in shown and len(shown) < MAX_PICTURES else None
            if isinstance(picture, Picture):
                shown.add(address)
                yield picture
        for capture in (*third_partys[:1], *sites[:1]):  # of these a reader expects a picture
            address = _address(capture)
            if address not in shown:
                shown.add(address)
                yield Text(self._texts("report.no_screenshot", url=address, reason=self._picture(capture)), Tone.NOTE)

    def _picture(self, capture: Json) -> Picture | str:
        """Return the screenshot, encoded anew and small, or why there is none."""
        if capture["screenshot"] is None:
            return self._reason(capture)
        data = self._contents.read_content(capture["screenshot"]["sha256"])
        if data is None:
            return self._texts("picture.lost")
        try:
            jpeg, width, height = shrink(data, width=self._width)
        except UnreadableImage:
            return self._texts("picture.lost")
        caption = self._texts("report.screenshot", url=_address(capture), time=moment_text(capture["captured_at"]))
        return Picture(jpeg, caption, width, height)

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
