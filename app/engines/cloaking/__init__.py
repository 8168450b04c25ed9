"""Cloaking: pages of the site are requested again as visitors who may be shown something else (ADR 0037)."""
