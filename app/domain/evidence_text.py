"""One sentence for a piece of evidence, in the reader's language. Says whose page shows it."""

from typing import Final

from app.domain.messages import MessageCatalog, Text
from app.domain.violations import Evidence, ViolationKey

MAX_TERMS: Final = 5  # quoted in a sentence
_SHORT_HASH: Final = 12  # characters that a sentence has of a list's
MAX_SNIPPET: Final = 80  # characters of what is quoted from the page
_HIDDEN_RULES: Final = "hidden_link."
LINE_OF_LIST: Final = "; line "  # in the provenance of an entry of a list that the deployment names
DECISIONS: Final = "decisions"  # provenance of what was learnt from decisions about findings


def evidence_sentence(evidence: Evidence, violation_key: ViolationKey, texts: MessageCatalog, *, on_site: bool) -> Text:
    """Return the sentence, without a full stop.

    Args:
        evidence: whose rule may have a text of its own; else its snippet is quoted.
        violation_key: what it speaks for.
        texts: of the reader's language.
        on_site: whether the content is the site's own.
    """
    name = evidence.rule.partition(":")[0]
    found = evidence.terms[:MAX_TERMS]
    bare = () if found else (f"evidence_bare.{name}",)
    keys = (*bare, f"evidence.{name}", f"evidence.{name.partition('.')[0]}", "evidence.unknown")
    targets = found if is_of_site(evidence.rule) else ()  # the terms of other rules are words of the page
    leads_to = next((term for term in targets if term in list(ViolationKey)), violation_key.value)
    said = texts(
        next(key for key in keys if key in texts),
        whose=texts("whose.site" if on_site else "whose.third_party"),
        words=_words_for(violation_key, texts),
        site=texts(f"site.{leads_to}"),
        terms=texts.join_terms(found),
        snippet=" ".join(evidence.snippet.split())[:MAX_SNIPPET],
        source=source_text(evidence, texts),
        hidden_by=_hiding_in(evidence, texts),
    )
    if evidence.shown_to is None:
        return said
    return texts("shown_to", said=said, visitor=texts(f"visitor.{evidence.shown_to.value}"))


def is_of_site(rule: str) -> bool:
    """Whether what the rule quotes stands on the site's own page, wherever the link leads."""
    return rule.startswith(_HIDDEN_RULES)


def hiding_text(kind: str | None, texts: MessageCatalog) -> Text:
    """Say how something is hidden; a kind without a text of its own is simply hidden."""
    key = f"hidden_by.{kind}"
    return texts(key if key in texts else "hidden_by.unknown")


def _hiding_in(evidence: Evidence, texts: MessageCatalog) -> Text:
    how = hiding_text(evidence.hidden_by, texts)
    return texts("hidden_by.rendered", how=how) if evidence.rendered else how


def source_text(evidence: Evidence, texts: MessageCatalog) -> Text:
    """Say which list, lexicon or rules speak, with the date of their data."""
    head, guards = evidence.provenance, ", ".join(evidence.guards)
    kind, _, version = head.partition(" ")
    match kind, head.split(", ", 2):
        case "lexicon", _:
            return texts("source.guarded" if guards else "source.lexicon", version=version, guards=guards)
        case "classifier", _:
            return texts("source.classifier", version=version)
        case "brands", _:
            return texts("source.brands", version=version)
        case "services", _:
            return texts("source.services", version=version)
        case "model", _:
            name, _, prompt = version.rpartition(", prompt ")
            return texts("source.model", name=name, prompt=prompt)
        case "local", _:
            return texts("source.local", version=version)
        case "structure", _:
            return texts("source.structure")
        case "decisions", _:
            return texts("source.decisions")
        case _, [name, date, origin] if LINE_OF_LIST in origin:
            place, _, found = origin.rpartition(LINE_OF_LIST)
            line, _, sha256 = found.partition(", sha256 ")
            return texts("source.feed", name=name, date=date, origin=place, line=line, sha256=sha256[:_SHORT_HASH])
        case _, [name, date, origin]:
            return texts("source.list", name=name, date=date, origin=origin)
        case _:
            return texts("evidence.unknown", snippet=head)


def _words_for(violation_key: ViolationKey, texts: MessageCatalog) -> Text:
    key = f"words.{violation_key}"
    return texts(key if key in texts else "words.other")
