"""Reports are made in processes of their own: the event loop shares its interpreter with every thread (ADR 0027)."""
