"""One sentence for a piece of evidence, in the reader's language. Says whose page shows it."""

from collections.abc import Iterable
from typing import Final

from app.domain.messages import MessageCatalog, Text
from app.domain.rendered_links import RENDERED_MARK
from app.domain.tampering import Visitor
from app.domain.violations import ViolationKey

MAX_TERMS: Final = 5  # quoted in a sentence
_SHORT_HASH: Final = 12  # characters that a sentence has of a list's
MAX_SNIPPET: Final = 80  # characters of what is quoted from the page
# What these rules quote stands on the site's own page, wherever the link leads.
HIDDEN_RULES: Final = ("hidden_link.",)
LINE_OF_LIST: Final = "; line "  # in the provenance of an entry of a list that the deployment names
DECISIONS: Final = "decisions"  # provenance of what was learnt from decisions about findings
_GUARDS: Final = "; guards: "  # in the provenance of the lexicon: words that speak against it
_SHOWN_TO: Final = "; shown to "  # in the provenance of what one sort of visitor alone was shown
_HIDDEN_BY: Final = "hidden by "  # in the provenance of hidden links: "...; hidden by KIND on PAGE"


def evidence_sentence(
    texts: MessageCatalog,
    *,
    rule: str,
    violation_key: ViolationKey,
    terms: Iterable[str],
    snippet: str,
    provenance: str,
    on_site: bool,
) -> Text:
    """Return the sentence, without a full stop.

    Args:
        texts: of the reader's language.
        rule: the rule that speaks, such as `lexicon.gambling`; one that has no text of its own quotes the snippet.
        violation_key: what it speaks for.
        terms: words found, or the keys of the violations that a hidden link leads to.
        snippet: what is quoted from the page.
        provenance: list or lexicon; of a hidden link also what hides it, and where.
        on_site: whether the content is the site's own.
    """
    name = rule.partition(":")[0]
    keys = (f"evidence.{name}", f"evidence.{name.partition('.')[0]}", "evidence.unknown")
    found = list(terms)[:MAX_TERMS]
    leads_to = next((term for term in found if term in list(ViolationKey)), violation_key.value)
    said = texts(
        next(key for key in keys if key in texts),
        whose=texts("whose.site" if on_site else "whose.third_party"),
        words=_words_for(violation_key, texts),
        site=texts(f"site.{leads_to}"),
        terms=texts.join_terms(found),
        snippet=" ".join(snippet.split())[:MAX_SNIPPET],
        source=source_text(provenance, texts),
        hidden_by=_hiding_in(provenance, texts),
    )
    visitor = provenance.rpartition(_SHOWN_TO)[2] if _SHOWN_TO in provenance else ""
    return texts("shown_to", said=said, visitor=texts(f"visitor.{visitor}")) if visitor in list(Visitor) else said


def shown_only_to(provenance: str, visitor: Visitor | None) -> str:
    """Return the provenance of evidence with who alone was shown it; None: everybody."""
    return provenance if visitor is None else f"{provenance}{_SHOWN_TO}{visitor.value}"


def hiding_text(kind: str | None, texts: MessageCatalog) -> Text:
    """Say how something is hidden; a kind without a text of its own is simply hidden."""
    key = f"hidden_by.{kind}"
    return texts(key if key in texts else "hidden_by.unknown")


def _hiding_in(provenance: str, texts: MessageCatalog) -> Text:
    how = hiding_text(hiding_of(provenance)[0], texts)
    is_rendered = f"; {RENDERED_MARK}; {_HIDDEN_BY}" in provenance
    return texts("hidden_by.rendered", how=how) if is_rendered else how


def hiding_of(provenance: str) -> tuple[str | None, str]:
    """Return by which property a link is hidden, and on which page; (None, "") for all else."""
    _, found, rest = provenance.partition(_HIDDEN_BY)
    kind, _, page = rest.partition(" on ")
    return (kind, page) if found and page else (None, "")


def source_text(provenance: str, texts: MessageCatalog) -> Text:
    """Say which list, lexicon or rules speak, with the date of their data."""
    data = provenance.partition(f"; {_HIDDEN_BY}")[0].partition(_SHOWN_TO)[0].removesuffix(f"; {RENDERED_MARK}")
    head, _, guards = data.partition(_GUARDS)
    kind, _, version = head.partition(" ")
    match kind, head.split(", ", 2):
        case "lexicon", _:
            return texts("source.guarded" if guards else "source.lexicon", version=version, guards=guards)
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
            return texts("evidence.unknown", snippet=data)


def _words_for(violation_key: ViolationKey, texts: MessageCatalog) -> Text:
    key = f"words.{violation_key}"
    return texts(key if key in texts else "words.other")
