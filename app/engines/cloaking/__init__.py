"""Cloaking: pages of the site are asked for once more, as those who may be shown something else (ADR 0037)."""
