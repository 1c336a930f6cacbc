"""A receiver in Python. Reads one delivery a line, writes `accepted` or `refused` a line: `v1` by
the package standardwebhooks, `v1a` by the package cryptography. Each is judged at the time when it
was received."""

import base64
import json
import sys
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import webhooks

WINDOW_S = 300


class Clock(datetime):
    """Stands in for the clock that standardwebhooks reads."""

    received_at = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(cls.received_at, tz)


webhooks.datetime = Clock


def accepts_v1(delivery, body):
    headers = {
        "webhook-id": delivery["id"],
        "webhook-timestamp": delivery["timestamp"],
        "webhook-signature": delivery["signature"],
    }
    try:
        webhooks.Webhook(delivery["key"]).verify(body, headers)
    except webhooks.WebhookVerificationError:
        return False
    return True


def accepts_v1a(delivery, body):
    timestamp = delivery["timestamp"]
    if not timestamp.isdigit() or abs(delivery["received_at"] - int(timestamp)) > WINDOW_S:
        return False
    raw = base64.b64decode(delivery["key"].removeprefix("whpk_"))
    signed = f"{delivery['id']}.{timestamp}.".encode() + body
    entries = (entry.split(",") for entry in delivery["signature"].split(" "))
    return any(
        verifies(Ed25519PublicKey.from_public_bytes(raw), base64.b64decode(value), signed)
        for version, value in entries
        if version == "v1a"
    )


def verifies(key, signature, signed):
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


for line in sys.stdin.buffer:
    delivery = json.loads(line)
    Clock.received_at = delivery["received_at"]
    accepts = accepts_v1a if delivery["key"].startswith("whpk_") else accepts_v1
    accepted = accepts(delivery, base64.b64decode(delivery["body_base64"]))
    print("accepted" if accepted else "refused")
