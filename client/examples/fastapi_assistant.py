"""Where an assistant publishes its events, and how it answers the "Escalate to Expert" dialogue.

An assistant with ABParts' tables has it easier (docs/abparts.md): `escalation_client.abparts` maps its rows.

    REDIS_URL=redis://… ESCALATION_SPOOL=/var/lib/assistant/spool \\
        uvicorn --app-dir client/examples --workers 2 fastapi_assistant:app

Each event is published after the commit of what it tells; the comments say where an assistant with a database commits.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, TypedDict
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from escalation_client import (
    AsyncOutcomeReader,
    AsyncPublisher,
    ConfidenceReported,
    EscalationRequested,
    InvalidEvent,
    MessageAdded,
    PublishError,
    ReadError,
    SessionEnded,
    SessionStarted,
)

DIALOGUE_SECONDS = 1.0


class Escalation(TypedDict):
    """What every request finds in its state."""

    publisher: AsyncPublisher
    outcomes: AsyncOutcomeReader


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[Escalation]:
    url, spool = os.environ["REDIS_URL"], os.environ.get("ESCALATION_SPOOL")
    async with AsyncPublisher(url, spool=spool) as publisher, AsyncOutcomeReader(url) as outcomes:
        yield {"publisher": publisher, "outcomes": outcomes}


app = FastAPI(lifespan=lifespan)


class NewSession(BaseModel):
    user_id: str
    machine_id: str | None = None
    language: str = "en"


class NewMessage(BaseModel):
    sender: str
    content: str
    confidence: float | None = None


class Dialogue(BaseModel):
    reason: str = "user_request"
    priority: str | None = None
    notes: str | None = None
    requested_by: str | None = None
    language: str = "en"


@app.post("/sessions")
async def start(new: NewSession, request: Request) -> dict[str, str]:
    session_id = str(uuid4())
    # … the session's row is committed here …
    await request.state.publisher.tell(
        SessionStarted,
        id=SessionStarted.deterministic_id(session_id),
        session_id=session_id,
        user_id=new.user_id,
        machine_id=new.machine_id,
        language=new.language,
    )
    return {"session_id": session_id}


@app.post("/sessions/{session_id}/messages")
async def add_message(session_id: str, new: NewMessage, request: Request) -> dict[str, str]:
    """The user's messages and the assistant's own: both belong to what a human will read."""
    message_id = str(uuid4())
    # … the message's row is committed here …
    await request.state.publisher.tell(
        MessageAdded,
        id=MessageAdded.deterministic_id(message_id),
        session_id=session_id,
        message_id=message_id,
        sender=new.sender,
        content=new.content,
    )
    if new.confidence is not None:
        await request.state.publisher.tell(
            ConfidenceReported,
            id=ConfidenceReported.deterministic_id(message_id),
            session_id=session_id,
            confidence=new.confidence,
        )
    return {"message_id": message_id}


@app.post("/sessions/{session_id}/escalation")
async def escalate(session_id: str, dialogue: Dialogue, request: Request) -> dict[str, Any]:
    """The dialogue: published first, and answered within a second with the ticket's number, or with words without one.

    A page that lost its session sends "null" or "undefined"; the event then gets a session of its own.
    """
    receipt = await request.state.publisher.publish_and_wait(
        EscalationRequested(session_id=session_id, **dialogue.model_dump(exclude={"language"})),
        DIALOGUE_SECONDS,
        language=dialogue.language,
    )
    return {"ticket_number": receipt.ticket_number, "say": receipt.say, "contact": receipt.contact}


@app.get("/sessions/{session_id}/outcomes")
async def follow(session_id: str, request: Request, after: str = "0-0", wait: float = 10.0) -> dict[str, Any]:
    """What the assistant says next, as soon as there is something; the page asks again, `after` the last one.

    `asks`: the worker is not sure what the user meant ("Is anybody hurt or in danger?"). The user's answer, yes or no,
    goes to `/messages` like all other words, and the worker draws the conclusion.
    """
    outcome = await request.state.outcomes.wait_for_outcome(session_id, min(wait, 30.0), after=after)
    if outcome is None:
        return {"say": None, "asks": False, "after": after}
    return {"say": outcome.say, "asks": outcome.type == "confirmation.suggested", "after": outcome.entry_id}


@app.get("/sessions/{session_id}/history")
async def history(session_id: str, request: Request) -> dict[str, Any]:
    """Why it did or did not escalate, for the support team's own pages."""
    return asdict(await request.state.outcomes.history(session_id))


@app.post("/sessions/{session_id}/end")
async def end(session_id: str, status: str, request: Request) -> dict[str, str]:
    # … the session's status is committed here …
    await request.state.publisher.publish(
        SessionEnded(id=SessionEnded.deterministic_id(session_id, status), session_id=session_id, status=status)
    )
    return {"status": status}


@app.exception_handler(InvalidEvent)
async def explain(_: Request, error: InvalidEvent) -> JSONResponse:
    """What the caller sent cannot be; the text names the member and what would be right."""
    return JSONResponse({"detail": str(error)}, status_code=422)


@app.exception_handler(PublishError)
@app.exception_handler(ReadError)
async def away(_: Request, error: PublishError | ReadError) -> JSONResponse:
    """Neither Redis nor the spool took the event, or there is nobody to answer a question: try again."""
    return JSONResponse({"detail": str(error)}, status_code=503)
