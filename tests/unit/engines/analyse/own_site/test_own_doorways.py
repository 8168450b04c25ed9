import pytest

from app.engines.analyse.own_site.own_doorways import is_of_another_script, is_stuffed

CHINESE = "本店经营明前龙井、碧螺春、铁观音等各类名茶，产地直供，品质保证。" * 10


@pytest.mark.parametrize(
    "title",
    [
        "スーパーコピー 時計 N級品",
        "온라인 카지노 추천",
        "Казино онлайн играть",
        "スーパーコピー 時計 - 沐山茶业",  # the name of the site is still at its end
        "スーパーコピー | 激安 | 通販",
    ],
)
def test_a_title_of_another_script_than_the_page_is_seen(title):
    assert is_of_another_script(title, CHINESE)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("沐山茶业", CHINESE),
        ("Mushan tea", CHINESE),
        ("お茶の通販 ムーシャン", "おいしいお茶をお届けします。" * 30),
        ("スーパーコピー", "短い"),
        ("沐山茶业の店", CHINESE),
        ("明前龙井怎么泡 | ほうじちゃブログ", CHINESE),  # its site has a Japanese name
        ("明前龙井 - 绿茶 - ほうじちゃブログ", CHINESE),
    ],
)
def test_pages_in_their_own_language_are_none(title, text):
    assert not is_of_another_script(title, text)


def test_a_title_that_is_strewn_into_running_text_is_stuffed():
    line = "上半场第十七分钟，中国队利用角球机会首开纪录，皇顶国际app最新版下载，下半场又连入两球锁定胜局。"
    assert is_stuffed("皇顶国际app最新版下载v3.1.8-澄溪县", "\n".join([line] * 4))
    assert not is_stuffed("皇顶国际app最新版下载v3.1.8-澄溪县", line)
    assert not is_stuffed("首页", line * 5)
    assert not is_stuffed("皇顶国际app最新版下载", "皇顶国际app最新版下载\n" * 5)  # a menu
