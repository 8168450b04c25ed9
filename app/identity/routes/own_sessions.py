"""The sessions of who asks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.core.dependencies import CurrentUser
from app.identity.dependencies import ServicesDep
from app.identity.own_sessions import OwnSessions
from app.identity.schemas.auth import EndedSessions, SessionInfo, SessionList
from app.rest.schemas import Text

router = APIRouter(prefix="/auth/sessions", tags=["auth"])


def get_sessions(services: ServicesDep) -> OwnSessions:
    return OwnSessions(services.auth)


Sessions = Annotated[OwnSessions, Depends(get_sessions)]
SessionId = Annotated[
    Text, Path(max_length=36, description="Session id.", examples=["019b7a30-0000-7000-8000-000000000009"])
]


@router.get("", summary="List the user's active sessions")
async def list_sessions(user: CurrentUser, sessions: Sessions) -> SessionList:
    return SessionList(items=[SessionInfo(**item) for item in await sessions.list_open(user)])


@router.delete("", summary="End all sessions of the user except the current one")
async def end_other_sessions(user: CurrentUser, sessions: Sessions) -> EndedSessions:
    return EndedSessions(ended=await sessions.end_others(user))


@router.delete("/{session_id}", status_code=204, summary="End a session of the user")
async def end_session(session_id: SessionId, user: CurrentUser, sessions: Sessions) -> None:
    await sessions.end(user, session_id)
