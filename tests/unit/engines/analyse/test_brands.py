import pytest

from app.engines.analyse.brands import BrandError, load_brands


@pytest.fixture
def load(tmp_path):
    def write(text):
        path = tmp_path / "brands.txt"
        path.write_text(text, encoding="utf-8")
        return load_brands(path)

    return write


def names(book, text):
    return [brand.name for brand in book.named_in(text)]


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
    book = load("service | UPS | ups.example\nbank | 红色银行 | red.example")
    assert names(book, "track with ups") == ["UPS"]
    assert names(book, "pull-ups and cups") == ["UPS"]
    assert names(book, "cups") == []
    assert names(book, "欢迎来到红色银行网上银行") == ["红色银行"]


def test_short_labels_are_no_look_alike_bait(load):
    (brand,) = load("bank | Tiny | abc.example, longer-label.example").brands
    assert brand.labels == {"longer-label"}


def test_the_version_line_is_read(load):
    assert load("version: 2026-01-01\nbank | A | a.example").version == "2026-01-01"


@pytest.mark.parametrize("line", ["bank | A", "bank | | a.example", "just words", "a | b | c | d"])
def test_a_malformed_line_is_named(load, line):
    with pytest.raises(BrandError, match="line 1"):
        load(line)


def test_the_shipped_brands_are_many_and_at_home_somewhere(brands):
    assert len(brands.brands) >= 150
    assert brands.owner_of("www.paypal.com").name == "PayPal"
    assert brands.owner_of("mybank.icbc.com.cn").name == "中国工商银行"
    assert brands.owner_of("paypal.example") is None
