"""Finds the reference on the site's page that leads to a finding. Pure: works on documents of `ScanEvidence`."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def origin_of(found: Json) -> Json | None:
    """Return the reference of a finding that people find on the site's page: the worst one.

    When that is the redirect of a third party, which stands on no page, it is the reference to that third party. None
    when the site itself shows what was found.
    """
    if not found["references"]:
        return None
    worst: Json = found["references"][0]
    if worst["via"] is None:
        return worst
    begins = (chain["origin"] for chain in found["chains"] if chain["reference_id"] == worst["reference_id"])
    return next(begins, worst)
