"""A report says which domains were left out because the user called them own."""

import pytest

from app.domain.messages import MessageCatalog
from app.reports.formats.own_domains_fact import own_domains_fact


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_all_that_were_named_are_told(language):
    ((name, value),) = own_domains_fact({"own_domains": ["one.test", "two.test"]}, MessageCatalog(language))
    assert name
    assert "one.test" in value
    assert "two.test" in value


def test_of_very_many_the_rest_is_counted():
    named = [f"own-{number:03}.test" for number in range(500)]
    ((_, value),) = own_domains_fact({"own_domains": named}, MessageCatalog("en"))
    assert value.endswith("own-049.test and 450 more")


@pytest.mark.parametrize("config", [{}, {"own_domains": []}])
def test_without_any_nothing_is_said(config):
    assert not list(own_domains_fact(config, MessageCatalog("en")))
