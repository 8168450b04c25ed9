"""Texts of the world, all written for it. The violating ones are plain and name their trade, nothing more."""
