from unittest.mock import AsyncMock, Mock

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Reference, Relation
from app.domain.stages import StageKey
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage
from app.engines.pipeline.analysis.tampered_pages import TamperedPages
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture_selector import CaptureSelector
from app.engines.pipeline.reference_intake import AT_ONCE, ReferenceIntake
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.scope import Scope
from app.scanstore.sqlite import SqliteScanStore

PAGE = "https://www.corp.test/"


def link(url, **more):
    return Reference(PAGE, url, url, Relation.LINK, "a[href]", **more)


def open_intake(folder):
    store = SqliteScanStore(folder / "scan.db")
    parts = {
        "captures": Mock(spec=CaptureStage),
        "analyses": AsyncMock(spec=AnalysisStage),
        "tampered": AsyncMock(spec=TamperedPages),
        "stages": AsyncMock(spec=StageTracker),
        "sink": AsyncMock(),
    }
    index = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    return ReferenceIntake(third_parties=index, texts=MessageCatalog("en"), **parts), parts, store


async def test_a_new_third_party_is_logged_and_captured_once(tmp_path):
    intake, parts, store = open_intake(tmp_path)
    await intake.take_in(PAGE, [link("https://a.example/x")])
    await intake.take_in(PAGE, [link("https://a.example/x")])
    parts["stages"].begin.assert_awaited_once_with(StageKey.THIRD_PARTY)
    (call,) = parts["sink"].log.await_args_list
    assert "a.example" in str(call.args[0].message)
    targets = [target.url for call in parts["captures"].add.call_args_list for target in call.args[0]]
    assert targets == ["https://a.example/x"]
    store.close()


async def test_a_domain_is_judged_again_when_a_hidden_reference_to_it_comes(tmp_path):
    intake, parts, store = open_intake(tmp_path)
    await intake.take_in(PAGE, [link("https://www.a.example/"), link("https://b.example/", hidden="display_none")])
    parts["analyses"].analyse_domain_again.assert_awaited_once_with("b.example")
    store.close()


async def test_many_are_taken_in_in_pieces_that_lose_none(tmp_path):
    intake, parts, store = open_intake(tmp_path)
    references = [link(f"https://a.example/{number}") for number in range(2 * AT_ONCE + 1)]
    await intake.take_in(PAGE, references)
    taken = [call.args[0] for call in parts["tampered"].take_in.await_args_list]
    assert [len(piece) for piece in taken] == [AT_ONCE, AT_ONCE, 1]
    assert [one for piece in taken for one in piece] == references
    store.close()
