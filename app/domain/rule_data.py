"""Versions of the rule data that a scan used."""

from typing import Final

RULE_DATA: Final = "rule_data"  # checkpoint of a scan's store: dates ("2026-11-27") by the names below
LEXICON, BRANDS, GAMBLING_BRANDS, CLASSIFIER = "lexicon", "brands", "houses", "classifier"
NAMES: Final = (LEXICON, BRANDS, GAMBLING_BRANDS, CLASSIFIER)
