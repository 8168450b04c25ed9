"""Backups: one file with the database, what the scans collected, and what was captured; and the way back.

- `manifest` says what such a file holds, and which names may stand in it.
- `backup` makes one beside a running server; `restore` checks one and lays it ready in the data folder.
- What lies ready is put in its place by `core.pending_restore`, in the process that holds the folder's lock.
"""
