"""The I-JSON gate in Python: what two parsers could read differently is refused."""

import json
import unicodedata
from decimal import Decimal

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_SAFE = 2**53 - 1
DRESSED_BELOW = 1e21


def integer(text):
    value = int(text)
    if abs(value) > MAX_SAFE:
        raise ValueError("a large integer")
    return value


def number(text):
    value = float(text)
    if value in (float("inf"), float("-inf")) or Decimal(text) != Decimal(repr(value)):
        raise ValueError("a number that loses digits")
    if MAX_SAFE < abs(value) < DRESSED_BELOW:
        raise ValueError("a large integer")
    return value


def constant(text):
    raise ValueError(f"{text} is no JSON")


def check_text(text):
    for character in text:
        point = ord(character)
        is_none = 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE
        if point == 0 or is_none or 0xD800 <= point <= 0xDFFF:
            raise ValueError("a character that is none")


def members(pairs):
    names = {unicodedata.normalize("NFC", name) for name, _ in pairs}
    if len(names) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def walk(value, depth):
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        if isinstance(value, dict):
            for name in value:
                check_text(name)
            value = value.values()
        for item in value:
            walk(item, depth + 1)


def strict(data):
    """An object, as every parser would read it."""
    if len(data) > MAX_BYTES:
        raise ValueError("too long")
    value = json.loads(
        data.decode("utf-8"),
        parse_int=integer,
        parse_float=number,
        parse_constant=constant,
        object_pairs_hook=members,
    )
    if not isinstance(value, dict):
        raise ValueError("no object")
    walk(value, 1)
    return value
