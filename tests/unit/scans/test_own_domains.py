"""Which domains a user may call their own."""

import pytest

from app.core.errors import InvalidInput
from app.core.field_faults import InvalidFields
from app.domain.scan_options import OWN_DOMAIN_CHARS
from app.scans.own_domains import read_own_domains
from app.tasks.target_parser import EngineTargetParser

TARGETS = EngineTargetParser()


def test_names_come_in_one_form_each_once():
    assert read_own_domains(["B.Example.", "例子.中国", "b.example"], TARGETS) == (
        "b.example",
        "xn--fsqu00a.xn--fiqs8s",
    )


def test_what_is_no_domain_or_everybodys_is_named_by_its_place():
    with pytest.raises(InvalidFields) as refused:
        read_own_domains(["a.example", "com", "https://b.example"], TARGETS)
    assert [(fault.name, fault.code) for fault in refused.value.faults] == [
        ("body.config.own_domains.1", "target_public_suffix"),
        ("body.config.own_domains.2", "target_is_url"),
    ]


def test_all_together_have_a_bound():
    label = "x" * 60
    names = [f"{label}.{label}.h{number}.example" for number in range(OWN_DOMAIN_CHARS // 120)]
    with pytest.raises(InvalidInput) as refused:
        read_own_domains(names, TARGETS)
    assert refused.value.code == "own_domains_too_long"
