"""What runs when somebody clicks anywhere, and what only stands beside it."""

import pytest

from app.engines.analyse.own_site.own_clicks import is_for_any_click
from tests.support.cpu_time import least_cpu_s


@pytest.mark.parametrize(
    "before",
    [
        "document.addEventListener('click',function(){",
        "document.body.onclick=()=>",
        "window.addEventListener('touchstart', () => { if (!seen) { seen = 1 } ",
        "document.addEventListener('click',go);function go(){",
        "function go(){document.addEventListener('click',function(){",
        "document.onclick=null;document.onclick=function(){",
        "document.onclick=function(){shop()};function shop(){",
    ],
)
def test_what_listens_and_what_it_calls_runs_at_any_click(before):
    assert is_for_any_click(before)


@pytest.mark.parametrize(
    "before",
    [
        'document.addEventListener("click", hideMenu); function hideMenu(){menu.hidden=true} function shop(){',
        'document.addEventListener("click", e => hide()); function shop(){',
        'document.addEventListener("click", function(e){ menu.hidden=true; }); b.onclick=function(){',
        "window.onclick=function(){d.close()}; function share(){",
        "window.onclick=close;\nfunction share(){",
        "document.addEventListener('click',function(e){if(e.target.matches('.x'))",
        "const go=()=>{a()};document.onmousedown=function(){go()};function leave(){",
        "button.addEventListener('click',function(){",
    ],
)
def test_what_stands_beside_what_listens_does_not(before):
    assert not is_for_any_click(before)


@pytest.mark.parametrize(
    "part", ["window.onclick=", "window.onclick=(", "a=()=>", "function a(){", "a=()=>0;", "(", "{}"]
)
def test_code_made_for_it_costs_little(part):
    code = f"window.onclick=0;{part * 20_000}"
    assert least_cpu_s(lambda: is_for_any_click(code), enough_s=0.5) < 0.5
