"""Reads one drawing a line, lets Slack's own package read and check it, and compares what it
writes again with what it read: it drops what it does not know. Says how many there were."""

import json
import sys

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View


def again(kind, value):
    if kind == "message":
        return {**value, "blocks": [block.to_dict() for block in Block.parse_all(value["blocks"])]}
    return View(**value).to_dict()


def difference(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() | theirs.keys():
            if ours.get(key) != theirs.get(key):
                return difference(ours.get(key), theirs.get(key), f"{path}/{key}")
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            if one != other:
                return difference(one, other, f"{path}/{index}")
    return f"{path}: {ours!r} became {theirs!r}"


def main():
    count = 0
    for line in sys.stdin.buffer:
        drawing = json.loads(line)
        kind, value = drawing["kind"], drawing["value"]
        try:
            theirs = again(kind, value)
        except SlackObjectFormationError as error:
            sys.exit(f"drawing {count + 1}: {error}")
        if theirs != value:
            sys.exit(f"drawing {count + 1}: {difference(value, theirs)}")
        count += 1
    # It has to object to this, or it judges nothing.
    try:
        again("message", {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]})
        sys.exit("a header that is too long was let through")
    except SlackObjectFormationError:
        print(count)


main()
