"""In which coding a content is sent: what its reader takes best of what there is (RFC 9110, section 12.5.3)."""

from collections.abc import Sequence
from typing import Final

from app.rest.quality_values import weigh

BROTLI: Final = "br"
GZIP: Final = "gzip"
PREFERRED: Final = (BROTLI, GZIP)  # the smaller first
AS_IT_IS: Final = "identity"
ALIASES: Final = {"x-gzip": GZIP}  # section 8.4.1.3


def choose_coding(accepted: str | None, offered: Sequence[str] = PREFERRED) -> str | None:
    """Return which coding of `offered`, the preferred ones first, to send; None: the content as it is.

    `accepted` is the `Accept-Encoding` of the request. Who takes nothing of what there is gets the content as it is.
    """
    weights: dict[str, float] = {}
    for name, quality in weigh(accepted or ""):
        weights.setdefault(ALIASES.get(name.lower(), name.lower()), quality)
    codings = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in offered}
    best = max(codings, key=lambda coding: codings[coding], default=None)  # of equal ones the first
    if best is None or not codings[best] or codings[best] < weights.get(AS_IT_IS, 0.0):
        return None
    return best
