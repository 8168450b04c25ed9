"""Sentences about differences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from app.domain.differences import Change, Section
from app.domain.messages import MessageCatalog
from app.domain.party_changes import Aspect


class DifferenceTexts:
    """Adds the sentence `text` to differences. `language`: of the reader."""

    def __init__(self, language: str) -> None:
        self._texts = MessageCatalog(language)

    def view(self, item: Mapping[str, Any]) -> dict[str, Any]:
        values = {side: self._value(item, item[side]) for side in ("before", "after")}
        values |= {"name": item["name"], "url": item["url"], "what": self._what(item)}
        is_content = item["section"] == Section.CONTENT and item["change"] != Change.SEEN_ONCE
        last = item["aspect"] if is_content else item["change"]
        if last == Change.ROTATING and item["after"]:
            last = "rotating_back"
        text = str(self._texts(f"difference.{item['section']}.{last}", **values))
        if item.get("is_unconfirmed"):
            text = self._texts("difference.unconfirmed", text=text)
        return {**item, "text": text}

    def _what(self, item: Mapping[str, Any]) -> str:
        """Return the name of the violation or relation that the sentence contains."""
        match item["section"]:
            case Section.FINDINGS:
                return self._texts(f"violation.{item['aspect']}")
            case Section.REFERENCES:
                return self._texts(f"relation.{item['aspect']}")
        return ""

    def _value(self, item: Mapping[str, Any], value: str) -> str:
        match (item["section"], item["aspect"]):
            case (Section.CONTENT, Aspect.JUDGEMENT):
                causes = [self._texts(f"violation.{cause}") for cause in value.split(",") if cause]
                return self._texts.join_terms(causes) if causes else self._texts("difference.nothing")
            case (Section.CERTIFICATES, _) if not value:
                return self._texts("difference.valid")
            case (Section.CERTIFICATES, "problem"):
                return self._known(f"certificate.{value}", value)
            case (Section.CONTENT, Aspect.CATEGORY):
                return self._known(f"category.{value}", value)
            case (Section.CONTENT, Aspect.REGISTRATION):
                return self._texts(f"registration.{value}")
            case (Section.CONTENT, Aspect.RETURNED) | (Section.THIRD_PARTIES, _) if not value:
                return self._texts("difference.no_date")
            case (Section.CONTENT | Section.LOOKS, Aspect.PAGE_CLASS):
                return self._texts(f"shown.{value}")
            case (Section.FINDINGS, _) if value:
                return self._texts(value)
            case (Section.HOSTS, "alias") if not value:
                return self._texts("difference.no_alias")
            case (Section.LOOKS, _) if not value:
                return self._texts("difference.no_title")
        return value

    def _known(self, key: str, value: str) -> str:
        return self._texts(key) if key in self._texts and not key.endswith(".other") else value
