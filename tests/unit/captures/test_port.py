import pytest

from app.captures.port import is_sha256, require_sha256


def test_only_a_sha256_in_lower_case_hex_is_part_of_a_name():
    assert require_sha256("0a" * 32) == "0a" * 32
    for name in ("", "0A" * 32, "0a" * 31, "0a" * 32 + "\n", "../" + "0a" * 32):
        assert not is_sha256(name)
        with pytest.raises(ValueError, match="sha256"):
            require_sha256(name)
