"""Reads one JSON document a line, writes the base64url SHA-256 of its canonical form a line."""

import base64
import hashlib
import json
import sys

import rfc8785

# Only a line feed ends a document: str.splitlines would cut at U+2028 too.
for line in sys.stdin.buffer:
    digest = hashlib.sha256(rfc8785.dumps(json.loads(line))).digest()
    print(base64.urlsafe_b64encode(digest).decode().rstrip("="))
