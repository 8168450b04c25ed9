import sys

import pytest

from app.captures.bucket import BucketStorage
from app.captures.folder import FolderStorage
from app.captures.location import (
    BucketLocation,
    LocationInvalid,
    open_storage,
    storage_variables,
)
from app.core.errors import ConfigurationError
from tests.support.s3_server import access


def test_without_an_address_contents_lie_in_the_folder(tmp_path):
    assert isinstance(open_storage(tmp_path, None, {}), FolderStorage)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://evidence", ("evidence", "")),
        ("s3://evidence/", ("evidence", "")),
        ("s3://my.bucket-1/a/b_c", ("my.bucket-1", "a/b_c")),
    ],
)
def test_an_address_names_bucket_and_prefix(url, expected):
    found = BucketLocation.parse(url)
    assert (found.bucket, found.prefix) == expected
    assert isinstance(open_storage(None, url, access("http://127.0.0.1:9")), BucketStorage)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "evidence",
        "http://evidence/x",
        "s3://",
        "s3://AB/x",
        "s3://key:secret@evidence",
        "s3://evidence?secret=1",
        "s3://evidence/a/../b",
        "s3://evidence/a b",
        "s3://evidence#x",
    ],
)
def test_another_address_is_refused_and_not_repeated(url):
    with pytest.raises(LocationInvalid) as refused:
        BucketLocation.parse(url)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="COMPLIANCE_CAPTURES_URL") as refused:
        open_storage(None, url, {})
    assert "secret" not in str(refused.value)


def test_only_what_is_about_object_storage_is_taken_from_the_environment():
    environment = {
        "AWS_REGION": "eu",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ENDPOINT_URL": "",
        "HOME": "/",
        "AWS_PAGER": "a",
    }
    assert storage_variables(environment) == {"AWS_REGION": "eu", "AWS_SECRET_ACCESS_KEY": "x"}


def test_half_of_the_credentials_are_refused_without_being_named():
    with pytest.raises(ConfigurationError, match="Missing") as refused:
        open_storage(None, "s3://evidence", {"AWS_ACCESS_KEY_ID": "some-id"})
    assert "some-id" not in str(refused.value)


def test_without_the_library_it_is_said_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "app.captures.bucket")
    with pytest.raises(ConfigurationError, match="obstore"):
        open_storage(None, "s3://evidence", {})
