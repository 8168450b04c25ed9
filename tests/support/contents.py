"""Contents in a folder, as scans leave them."""

from pathlib import Path

from app.captures.contents import Contents
from app.captures.folder import FolderStorage


def contents_in(folder: Path) -> Contents:
    return Contents(FolderStorage(folder))
