"""Passive sources of names: one module each, behind one protocol (`base.Source`)."""
