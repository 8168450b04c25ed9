"""Both storages, as one suite sees them."""

import os
import time

import obstore
import pytest

from app.captures.folder import FolderStorage
from tests.support.s3_server import bucket_at, faulty_proxy

DAY_S = 86_400


class InFolder:
    def __init__(self, folder):
        self.folder = folder
        self.storage = FolderStorage(folder)

    def another(self):
        """The same place as another process opens it."""
        return FolderStorage(self.folder)

    def grow_old(self, days=3):
        then = time.time() - days * DAY_S
        for path in self.folder.rglob("*"):
            if path.is_file():
                os.utime(path, (then, then))

    def overwrite(self, sha256, packed):
        (path,) = self.folder.rglob(f"{sha256}.zst")
        path.write_bytes(packed)

    def count(self):
        return sum(path.is_file() for path in self.folder.rglob("*"))


class InBucket:
    def __init__(self, server):
        self.server = server
        self.storage = bucket_at(server.url)

    def another(self):
        return bucket_at(self.server.url)

    def names(self):
        return sorted(one["path"] for chunk in obstore.list(self.storage._store) for one in chunk)

    def grow_old(self, days=3):
        """As if everything had been put so many days earlier."""
        store = self.storage._store
        then = f"{time.strftime('%Y%m%d', time.gmtime(time.time() - days * DAY_S))}.zst"
        for name in self.names():
            aged = name.rpartition("/")[0] + "/" + then
            if name != aged:
                obstore.copy(store, name, aged)
                obstore.delete(store, name)

    def overwrite(self, sha256, packed):
        (name,) = [name for name in self.names() if sha256 in name]
        obstore.put(self.storage._store, name, packed)

    def count(self):
        return len(self.names())


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    return InFolder(tmp_path / "captures") if request.param == "folder" else InBucket(request.getfixturevalue("s3"))


@pytest.fixture
def storage(place):
    return place.storage


@pytest.fixture
def bucket(s3):
    return InBucket(s3)


@pytest.fixture
def proxy(s3):
    with faulty_proxy(s3) as server:
        yield server
