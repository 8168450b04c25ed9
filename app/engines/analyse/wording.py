"""One clear, neutral sentence per violation, from its strongest evidence.

Kind and confidence are shown beside it and are no part of it.
"""

from app.domain.evidence_text import evidence_sentence, is_of_site
from app.domain.messages import MessageCatalog, Text
from app.domain.violations import ViolationFact


def describe(fact: ViolationFact, texts: MessageCatalog, *, on_site: bool = False) -> Text:
    """Return the sentence. `on_site`: what was captured is a page of the site itself."""
    strongest, more = fact.evidence[0], len(fact.evidence) - 1
    is_own = on_site or is_of_site(strongest.rule)
    reason = evidence_sentence(strongest, fact.violation_key, texts, on_site=is_own)
    return texts("violation_sentence", reason=reason, more=texts("more_evidence", count=more) if more else "")
