"""Notification rules."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.core.dependencies import CurrentUser
from app.core.errors import Forbidden, LimitReached, NotFound
from app.notifications.dependencies import PartsDep
from app.notifications.rules import WantedRule
from app.notifications.schemas.rules import RuleList, RuleResponse, RuleWrite
from app.rest.documented_responses import refused

router = APIRouter(prefix="/rules", tags=["notifications"])
RuleId = Annotated[str, Path(max_length=36, description="Rule id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a21"])]


@router.get("", summary="List the user's rules")
async def list_rules(user: CurrentUser, parts: PartsDep) -> RuleList:
    return RuleList(items=[RuleResponse.of(row) for row in await parts.rules.list_all(user)])


@router.post(
    "",
    status_code=201,
    summary="Add a rule",
    responses=refused(Forbidden, "admin_only") | refused(LimitReached, "rule_limit"),
)
async def create_rule(body: RuleWrite, user: CurrentUser, parts: PartsDep) -> RuleResponse:
    return RuleResponse.of(await parts.rules.create(user, _wanted(body)))


@router.put("/{rule_id}", summary="Replace a rule", responses=refused(Forbidden, "admin_only") | refused(NotFound))
async def replace_rule(rule_id: RuleId, body: RuleWrite, user: CurrentUser, parts: PartsDep) -> RuleResponse:
    return RuleResponse.of(await parts.rules.change(user, rule_id, _wanted(body)))


@router.delete("/{rule_id}", status_code=204, summary="Delete a rule", responses=refused(NotFound))
async def delete_rule(rule_id: RuleId, user: CurrentUser, parts: PartsDep) -> None:
    await parts.rules.delete(user, rule_id)


def _wanted(body: RuleWrite) -> WantedRule:
    return WantedRule(
        name=body.name,
        is_enabled=body.enabled,
        kinds=[kind.value for kind in body.kinds],
        min_risk=body.min_risk.value,
        targets=body.targets,
        all_users=body.all_users,
        channel_ids=body.channel_ids,
        timing=body.timing(),
    )
