"""How long a scan will still take, by how long the last ones took and by its own pace. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

SAMPLE: Final = 50  # completed scans that are looked at, the newest
MIN_SAMPLE: Final = 3  # with fewer nothing is estimated
FROM_PERCENT: Final = 10  # an estimate before is a guess


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that are left: between `min_s` and `max_s`, and `likely_s` more than others."""

    min_s: int
    likely_s: int
    max_s: int


class RemainingTime:
    """Compares with the middle half of the last scans: a quarter was quicker, a quarter took longer."""

    def __init__(self, durations_s: Sequence[float] = ()) -> None:
        enough = len(durations_s) >= MIN_SAMPLE
        self._quartiles = quantiles(durations_s, n=4, method="inclusive") if enough else None

    def estimate(self, percent: int, elapsed_s: float) -> Estimate | None:
        """Return None below 10 %, at the end, and where too few scans were completed.

        By the others a share `left` of `total_s` is to come; by its own pace `left` of `elapsed_s / done`. The second
        weighs as much as the scan is done, which makes the formula below.
        """
        if self._quartiles is None or not FROM_PERCENT <= percent < 100:  # noqa: PLR2004 - percent
            return None
        left = 1 - percent / 100
        return Estimate(*(round(left * (left * total_s + elapsed_s)) for total_s in self._quartiles))
