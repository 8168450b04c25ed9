"""Maintenance of a deployment: checks at the start, backup, restore, and retention.

- `manifest` says what a backup holds, and which names may stand in it. `backup` makes one beside a running server;
  `restore` checks one and lays it ready in the data folder, and `core.pending_restore` puts it in its place.
- `retention` removes deleted tasks, old events and log lines, and captures that no scan refers to.
"""
