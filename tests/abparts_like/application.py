"""A stand-in for ABParts' assistant: its tables, its way to write them, its habits, and the worker's integration.

It is no model of good code: it swallows its errors, stores steps as not successful before anybody has answered, keeps
`success` as it was after "It worked!", stores a clarification twice, and its erasure ends with an error for users with
a ticket. What the integration adds are the lines that its page in the docs shows.
"""

import json
import logging
import os
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from escalation_client import AsyncPublisher, abparts
from tests.abparts_like import tables

logger = logging.getLogger(__name__)
app = FastAPI()

ESCALATION_WORKER = os.environ.get("ESCALATION_WORKER") == "on"
escalation = AsyncPublisher(os.environ["ESCALATION_REDIS_URL"], spool=os.environ["ESCALATION_SPOOL"])


class ChatRequest(BaseModel):
    """A message of the user's; `reply` and `assessment` are what the language model would say."""

    message: str
    user_id: str
    session_id: str | None = None
    machine_id: str | None = None
    language: str = "en"
    reply: str = "Let us see."
    assessment: dict[str, Any] | None = None


class ChatAnswer(BaseModel):
    session_id: str
    response: str
    step_id: str | None = None


class StepFeedback(BaseModel):
    session_id: str
    step_id: str
    feedback: str
    user_id: str


class TicketRequest(BaseModel):
    escalation_reason: str = "user_request"
    priority: str = "medium"
    additional_notes: str | None = None


class TicketAnswer(BaseModel):
    """All of these are there today, so a page expects them."""

    ticket_id: str
    ticket_number: str
    status: str
    message: str
    expert_contact_info: dict[str, Any] | None = None


@app.post("/chat")
async def chat(request: ChatRequest) -> ChatAnswer:
    session_id = request.session_id or str(uuid4())
    open_step = tables.open_step(session_id)
    await add_session_and_message(session_id, request)
    if request.assessment:
        await store_assessment(session_id, request.assessment)
        response, step_id = await add_step(session_id, 1, request.reply, request.user_id)
    elif open_step:
        # The clarification was stored above already; ABParts stores it here once more.
        await add_message(session_id, "user", request.message, request)
        response, step_id = await add_step(session_id, open_step["step_number"] + 1, request.reply, request.user_id)
    else:
        response, step_id = request.reply, None
    await add_message(session_id, "assistant", response, request)
    return ChatAnswer(session_id=session_id, response=response, step_id=step_id)


async def add_session_and_message(session_id: str, request: ChatRequest) -> None:
    """The session, when it is not there, and the user's message, in one transaction."""
    session = {"id": session_id, **request.model_dump(include={"user_id", "machine_id", "language"})}
    message = message_row(session_id, "user", request.message, request)
    try:
        new = tables.insert_session_and_message(session, message)
    except tables.SQLAlchemyError as error:
        logger.warning("Failed to create session record: %s", error)
        new = True
    if new:
        await escalation.tell(abparts.session, session)
    await escalation.tell(abparts.message, message, request.user_id)


async def add_message(session_id: str, sender: str, content: str, request: ChatRequest) -> None:
    message = message_row(session_id, sender, content, request)
    try:
        tables.insert_message(message)
    except tables.SQLAlchemyError as error:
        logger.warning("Failed to store message: %s", error)
    await escalation.tell(abparts.message, message, request.user_id)


def message_row(session_id: str, sender: str, content: str, request: ChatRequest) -> dict[str, Any]:
    row = {"id": str(uuid4()), "session_id": session_id, "sender": sender, "content": content}
    return {**row, "message_type": "text", "language": request.language}


async def store_assessment(session_id: str, assessment: dict[str, Any]) -> None:
    session = None
    try:
        session = tables.update_metadata(session_id, json.dumps({"diagnostic_assessment": assessment}))
    except tables.SQLAlchemyError as error:
        logger.error("Failed to store diagnostic assessment: %s", error)
    await escalation.tell(abparts.diagnosis, session or {"id": session_id}, assessment)


async def add_step(session_id: str, number: int, instruction: str, user_id: str) -> tuple[str, str | None]:
    """The next step, of which nobody has said anything; its id is the database's."""
    step: dict[str, Any] = {"session_id": session_id, "step_number": number, "instruction": instruction}
    try:
        step = tables.insert_step(step)
    except tables.SQLAlchemyError as error:
        logger.error("Failed to store troubleshooting step: %s", error)
    await escalation.tell(abparts.step, step, user_id)
    return instruction, step.get("id")


@app.post("/step-feedback")
async def step_feedback(request: StepFeedback) -> dict[str, Any]:
    try:
        step = tables.update_feedback(request.step_id, request.feedback)
    except tables.SQLAlchemyError as error:
        logger.error("Failed to update step feedback: %s", error)
        return {"workflow_status": "in_progress"}
    await escalation.tell(abparts.step, step, request.user_id)
    if request.feedback == "worked":
        return await end_session(request.session_id, "resolved")
    if "worse" in request.feedback:
        return await end_session(request.session_id, "escalated")
    number = step["step_number"] + 1
    response, step_id = await add_step(request.session_id, number, f"Step {number}", request.user_id)
    return {"workflow_status": "in_progress", "response": response, "step_id": step_id}


async def end_session(session_id: str, status: str) -> dict[str, Any]:
    """No ticket is opened here, although the status may be `escalated`."""
    session = None
    try:
        session = tables.update_status(session_id, status)
    except tables.SQLAlchemyError as error:
        logger.error("Failed to update session status: %s", error)
    await escalation.tell(abparts.ended, session or {"id": session_id, "status": status})
    return {"workflow_status": status}


@app.post("/users/{user_id}/sessions/{session_id}/escalate", status_code=201)
async def escalate(user_id: str, session_id: str, request: TicketRequest) -> TicketAnswer:
    if ESCALATION_WORKER:
        asked = abparts.escalation(session_id, request, user_id)
        receipt = await escalation.publish_and_wait(asked, timeout=1.0)
        return TicketAnswer(**abparts.answer(receipt))
    try:
        number = tables.insert_ticket(session_id, request.escalation_reason, request.priority)
    except tables.SQLAlchemyError as error:
        raise HTTPException(500, f"Failed to escalate session: {error}") from error
    return TicketAnswer(ticket_id=number, ticket_number=number, status="created", message="Expert will be contacted.")


@app.post("/users/{user_id}/delete-data")
async def delete_user_data(user_id: str) -> dict[str, int]:
    """Messages, steps and triggers, then the sessions, which a ticket's foreign key still holds."""
    try:
        return tables.delete_user(user_id)
    except tables.SQLAlchemyError as error:
        raise HTTPException(500, f"Failed to delete user data: {error}") from error
