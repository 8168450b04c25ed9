import pytest

from app.engines.analyse.structure.brands import BrandError, load_brands


@pytest.fixture
def load(tmp_path):
    def write(text):
        path = tmp_path / "brands.txt"
        path.write_text(text, encoding="utf-8")
        return load_brands(path)

    return write


def names(catalog, text):
    return [brand.name for brand in catalog.named_in(text)]


def test_a_brand_owns_its_domains_and_what_is_below_them(load):
    (brand,) = load("bank | Red Bank, rb | redbank.example, pay.other.example").brands
    assert brand.owns("www.redbank.example")
    assert brand.owns("pay.other.example")
    assert not brand.owns("other.example")
    assert not brand.owns("redbank.example.org")


def test_a_brands_label_below_a_countrys_suffix_is_its_own(load):
    (brand,) = load("shop | Bookworm | bookworm.com").brands
    assert brand.owns("www.bookworm.de")
    assert brand.owns("bookworm.co.jp")
    assert not brand.owns("bookworm.tk")
    assert not brand.owns("bookworm.example")
    assert not brand.owns("bookworm-sale.de")


def test_latin_names_match_whole_words(load):
    catalog = load("service | UPS | ups.example\nbank | 红色银行 | red.example")
    assert names(catalog, "track with ups") == ["UPS"]
    assert names(catalog, "pull-ups and cups") == ["UPS"]
    assert names(catalog, "cups") == []
    assert names(catalog, "欢迎来到红色银行网上银行") == ["红色银行"]


def test_short_labels_are_no_look_alike_bait(load):
    (brand,) = load("bank | Tiny | abc.example, longer-label.example").brands
    assert brand.labels == {"longer-label"}


def test_the_label_of_an_ordinary_word_is_no_look_alike_bait(load):
    (brand,) = load("shop | Oak Shop | ~ordinary.example, oakshop.example").brands
    assert brand.owns("www.ordinary.example")
    assert brand.labels == {"oakshop"}


def test_a_public_office_owns_every_host_of_its_government(load):
    office, shop = load("state | 税务局 | tax.gov.cn\nshop | Oak | oak.gov.example").brands
    assert office.owns("www.lanmu.gov.cn")
    assert not office.owns("lanmu-gov.cn")
    assert not shop.owns("www.lanmu.gov.cn")


def test_of_names_within_each_other_the_longest_counts(load):
    catalog = load("bank | 红色银行 | red.example\nbank | 红色银行信用卡 | card.example")
    assert names(catalog, "红色银行信用卡中心") == ["红色银行信用卡"]
    assert catalog.mask("欢迎来到红色银行网站", "*") == "欢迎来到*网站"


def test_the_name_of_another_that_contains_a_brands_is_not_the_brands(load):
    catalog = load("shop | 红店, 红店商城, !红店园林 | red.example")
    assert names(catalog, "版权所有 红店园林有限公司") == []
    assert names(catalog, "红店园林在红店商城开店") == ["红店"]
    assert catalog.mask("红店园林与红店", "*") == "红店园林与*"


def test_no_name_belongs_to_two_brands(brands):
    named = [name for brand in brands.brands for name in set(brand.names)]
    assert len(named) == len(set(named))


def test_the_version_line_is_read(load):
    assert load("version: 2026-01-01\nbank | A | a.example").version == "2026-01-01"


@pytest.mark.parametrize(
    "line", ["bank | A", "bank | !A | a.example", "bank | | a.example", "just words", "a | b | c | d"]
)
def test_a_malformed_line_is_named(load, line):
    with pytest.raises(BrandError, match="line 1"):
        load(line)


def test_the_shipped_brands_are_many_and_at_home_somewhere(brands):
    assert len(brands.brands) >= 300
    assert brands.owner_of("www.paypal.com").name == "PayPal"
    assert brands.owner_of("mybank.icbc.com.cn").name == "中国工商银行"
    assert brands.owner_of("paypal.example") is None
