"""How long a scan will still take, by how long the last ones took and by its own pace. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

SAMPLE: Final = 50  # completed scans that are looked at, the newest
MIN_SAMPLE: Final = 3  # with fewer the scan is asked alone
MIN_ELAPSED_S: Final = 10.0  # of a scan that is asked alone: before, its pace is that of its start
WIDTH: Final = (0.5, 1.0, 3.0)  # times what its own pace says: stages differ, and the last ones are the slow ones
FROM_PERCENT: Final = 10  # an estimate before is a guess


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that are left: between `min_s` and `max_s`, and `likely_s` more than others."""

    min_s: int
    likely_s: int
    max_s: int


class RemainingTime:
    """Compares with the middle half of the last scans: a quarter was quicker, a quarter took longer.

    Without them it goes by the scan itself.
    """

    def __init__(self, durations_s: Sequence[float] = ()) -> None:
        enough = len(durations_s) >= MIN_SAMPLE
        self._quartiles = quantiles(durations_s, n=4, method="inclusive") if enough else None

    def estimate(self, percent: int, elapsed_s: float) -> Estimate | None:
        """Return None below 10 % and at the end; where too few scans were completed, also in the first seconds.

        Then there is its own pace alone, which says little: the range is wide. Else by the others a share `left` of
        `total_s` is to come, and by its own pace `left` of `elapsed_s / done`. The second weighs as much as the scan is
        done, which makes the formula below.
        """
        if not FROM_PERCENT <= percent < 100:  # noqa: PLR2004 - percent
            return None
        left = 1 - percent / 100
        if self._quartiles is None:
            by_pace_s = left * elapsed_s / (1 - left)
            return None if elapsed_s < MIN_ELAPSED_S else Estimate(*(round(by_pace_s * times) for times in WIDTH))
        return Estimate(*(round(left * (left * total_s + elapsed_s)) for total_s in self._quartiles))
