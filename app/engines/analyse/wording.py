"""One clear, neutral sentence per violation, from its strongest evidence.

Kind and confidence are shown beside it and are no part of it.
"""

from app.domain.evidence_text import HIDDEN_RULES, evidence_sentence
from app.domain.messages import MessageCatalog, Text
from app.domain.violations import ViolationFact


def describe(fact: ViolationFact, texts: MessageCatalog, *, on_site: bool = False) -> Text:
    """Return the sentence. `on_site`: what was captured is a page of the site itself."""
    strongest, more = fact.evidence[0], len(fact.evidence) - 1
    reason = evidence_sentence(
        texts,
        rule=strongest.rule,
        violation_key=fact.violation_key,
        terms=strongest.terms,
        snippet=strongest.snippet,
        provenance=strongest.provenance,
        on_site=on_site or strongest.rule.startswith(HIDDEN_RULES),
    )
    return texts("violation_sentence", reason=reason, more=texts("more_evidence", count=more) if more else "")
