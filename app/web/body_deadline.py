"""A deadline for the body of a request: whoever sends it byte by byte would hold a connection and a task for as long as
they like. The server itself limits how long a header may take (app/serving.py), and has no such limit for a body.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

SECONDS = 20.0
"""For all of a body: 64 KB of a form that is taken (forms.LARGEST), so a line of 30 kbit/s is fast enough."""


class TooSlow(HTTPException):
    """The body did not come in time; the answer (408) closes the connection, on which the rest may still come."""

    status_code = 408

    def __init__(self) -> None:
        super().__init__(detail="the body did not come in time", headers={"Connection": "close"})


class BodyDeadline:
    """ASGI middleware: `receive` raises TooSlow when the body is not there `seconds` after the request's header.

    What is received after the body (that the caller went away) may take as long as it likes.
    """

    def __init__(self, app: ASGIApp, seconds: float = SECONDS) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return

        deadline = asyncio.get_running_loop().time() + self.seconds
        whole = late = False

        async def receive_in_time() -> ReceiveMessage:
            nonlocal whole, late
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                late = True
                raise TooSlow from None
            whole = not message.get("more_body", False)
            return message

        async def send_and_close(message: Message) -> None:
            """Whatever the answer is to what came too late: where to log in, whose form it is."""
            if message["type"] == "http.response.start" and late:
                others = [pair for pair in message["headers"] if pair[0] != b"connection"]
                message["headers"] = [*others, (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive_in_time, send_and_close)
