"""A mail catcher at Mailpit's ports: SMTP at 1025, and its count of messages at 8025, /api/v1/messages."""

import asyncio
import email
import email.policy
import http.server
import json
import threading
from typing import Any

from aiosmtpd.controller import UnthreadedController

SUBJECTS: list[str] = []


class Handler:
    """Takes every mail."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        SUBJECTS.append(str(mail["subject"]))
        return "250 OK"


class Page(http.server.BaseHTTPRequestHandler):
    """Says what came, in Mailpit's words."""

    def do_GET(self) -> None:
        body = json.dumps({"total": len(SUBJECTS), "messages": [{"Subject": one} for one in SUBJECTS]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


page = http.server.ThreadingHTTPServer(("0.0.0.0", 8025), Page)
threading.Thread(target=page.serve_forever, daemon=True).start()
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
controller: Any = UnthreadedController(Handler(), hostname="0.0.0.0", port=1025, loop=loop)
controller.begin()
loop.run_forever()
