import pytest

from app.engines.analyse.structure.lookalike import Lookalikes, mixes_scripts, skeleton


@pytest.fixture(scope="module")
def lookalikes(brands):
    return Lookalikes(brands)


@pytest.mark.parametrize(
    ("host", "brand", "manner"),
    [
        ("paypa1.com", "PayPal", "homograph"),
        ("www.rnicrosoft.com", "Microsoft", "homograph"),
        ("xn--pypal-4ve.com", "PayPal", "homograph"),  # Cyrillic a
        ("micros0ft.example", "Microsoft", "homograph"),
        ("coinbasse.com", "Coinbase", "typo"),
        ("cmbchnia.com", "招商银行", "typo"),
        ("paypal-verify.example", "PayPal", "token"),
        ("paypal.com.account.example", "PayPal", "token"),
        ("login-coinbase.example", "Coinbase", "token"),
    ],
)
def test_hosts_that_imitate_a_brand_are_recognised(lookalikes, host, brand, manner):
    found = lookalikes.imitated(host)
    assert found is not None
    assert (found[0].name, found[1]) == (brand, manner)


@pytest.mark.parametrize(
    "host",
    [
        "www.paypal.com",
        "coinbase.com",
        "gardening.example",
        "paypals-of-mine.example",
        "xn--fiqs8s.example",
        "a.example",
    ],
)
def test_own_domains_and_ordinary_names_are_not(lookalikes, host):
    assert lookalikes.imitated(host) is None


@pytest.mark.parametrize(
    ("label", "mixed"), [("pаypal", True), ("яндекс", False), ("paypal", False), ("例子abc", False)]
)
def test_latin_beside_cyrillic_or_greek_is_a_mixture(label, mixed):
    assert mixes_scripts(label) is mixed


def test_a_skeleton_unifies_what_looks_the_same():
    assert skeleton("PАYРAL") == skeleton("paypa1") == skeleton("pàypal")
    assert skeleton("modern") == skeleton("modem")
