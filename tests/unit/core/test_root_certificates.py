"""Root certificates in a file: what can be used, and what is refused before it is needed."""

import os

import pytest
import trustme

from app.core.errors import ConfigurationError
from app.core.root_certificates import (
    MAX_BYTES,
    check_root_certificates,
    read_root_certificates,
)
from app.core.setting_files import UnusableFile
from tests.support.said import said

CERTIFICATE = trustme.CA().cert_pem.bytes()


def test_every_certificate_of_the_file_is_read(tmp_path):
    path = tmp_path / "roots.pem"
    path.write_bytes(b"# two authorities\n" + CERTIFICATE + trustme.CA().cert_pem.bytes())
    assert len(read_root_certificates(path)) == 2
    check_root_certificates(path, name="VARIABLE")
    check_root_certificates(None, name="VARIABLE")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "unreadable"),
        (b"", "no_certificates"),
        (CERTIFICATE[: len(CERTIFICATE) // 2], "no_certificates"),
        (CERTIFICATE + b"\n" * MAX_BYTES, "too_large"),
    ],
)
def test_a_file_without_usable_certificates_is_refused_with_its_variable(tmp_path, content, code):
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableFile) as found:
        read_root_certificates(path)
    assert found.value.code == code
    with pytest.raises(ConfigurationError, match="VARIABLE: ") as refused:
        check_root_certificates(path, name="VARIABLE")
    assert said(f"root_certificates.{code}", **({"most": 2} if code == "too_large" else {})) in str(refused.value)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnusableFile):
        read_root_certificates(tmp_path / "pipe")
