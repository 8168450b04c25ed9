"""Where the contents of a deployment lie: a folder, or a bucket that `COMPLIANCE_CAPTURES_URL` names.

Endpoint and credentials come from the environment under the names that tools for S3 share. They are handed on as they
are, never logged, and no process but server, worker and scan gets them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from app.captures.folder import FolderStorage
from app.captures.port import ContentStorage
from app.core.errors import ConfigurationError

# What is read of the environment, when there is a bucket.
VARIABLES: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ALLOW_HTTP",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._=-]+(?:/[A-Za-z0-9._=-]+)*")


class LocationInvalid(ValueError):
    """The URL is none of a bucket. Its text never holds what was given: somebody may have put a password there."""


@dataclass(frozen=True, slots=True)
class BucketLocation:
    """`prefix` is "" when the contents have the bucket to themselves."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take `s3://bucket` or `s3://bucket/prefix`. Raises LocationInvalid."""
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme != "s3" or not is_plain or _BUCKET.fullmatch(parts.netloc) is None:
            raise LocationInvalid("not s3://bucket or s3://bucket/prefix")
        if prefix and (_PREFIX.fullmatch(prefix) is None or {".", ".."} & set(prefix.split("/"))):
            raise LocationInvalid("a prefix holds letters, digits and . _ = - between slashes")
        return cls(parts.netloc, prefix)


def storage_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment says of object storage."""
    return {key: value for key, value in environment.items() if key in VARIABLES and value}


def open_storage(folder: Path, url: str | None, variables: Mapping[str, str]) -> ContentStorage:
    """Return the bucket's storage when there is a URL, else the folder's. Nothing is made and nothing asked yet.

    Raises ConfigurationError: URL or variables make no sense, or the library for object storage is not installed.
    """
    if url is None:
        return FolderStorage(folder)
    try:
        location = BucketLocation.parse(url)
        from app.captures.bucket import BucketStorage

        return BucketStorage(location.bucket, location.prefix, variables)
    except LocationInvalid as error:
        raise ConfigurationError(text="captures_url") from error
    except ImportError as error:
        raise ConfigurationError(text="captures_library") from error
    except ValueError as error:
        raise ConfigurationError(text="captures_access", reason=error) from error
