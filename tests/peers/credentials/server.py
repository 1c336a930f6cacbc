"""A resource server in Python: validates the base token as always, then the credential, then redeems
and executes what it has parsed. `serve` listens, told by the environment as the one in Rust;
`judge FILE` says of each call of a corpus whether it would act, without asking anybody."""

import base64
import hashlib
import http.server
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

import jwt
import rfc8785
from strict import strict

SKEW_S = 30
LONGEST_S = 300


class Refused(Exception):
    """Why a call is not carried out."""


@dataclass
class Rules:
    issuer: str
    audience: str
    keys: object
    token_issuer: str
    token_keys: object


def sha256(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def part(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def decode(token, keys, typ):
    """The claims of a token that is signed; its time is checked by the caller."""
    header = jwt.get_unverified_header(token)
    if header.get("typ") != typ:
        raise Refused("another type of token")
    return jwt.decode(
        token,
        keys(header["kid"]).key,
        algorithms=["ES256"],
        options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
    )


def check_time(claims, now):
    iat, exp = claims["iat"], claims["exp"]
    if type(iat) is not int or type(exp) is not int:
        raise Refused("a time that is no number")
    if exp + SKEW_S <= now or iat - SKEW_S > now:
        raise Refused("not now")


def base(rules, token, now):
    claims = decode(token, rules.token_keys, "at+jwt")
    if claims["iss"] != rules.token_issuer or claims["aud"] != rules.audience:
        raise Refused("a base token of others")
    check_time(claims, now)
    return claims


def asked(body):
    """What is about to be executed, and its hash."""
    members = strict(body)
    known = {"action", "resource", "parameters"}
    wanted = {name: members.get(name, {}) for name in known}
    if not {"action", "resource"} <= set(members) <= known:
        raise Refused("no action")
    if not all(isinstance(value, dict) for value in wanted.values()):
        raise Refused("no action")
    return wanted["action"], sha256(rfc8785.dumps(wanted))


def credential(rules, token, call, params_hash, now):
    head, claims, _ = token.split(".")
    if set(strict(part(head))) != {"alg", "typ", "kid"}:
        raise Refused("a header with more or less")
    strict(part(claims))
    claims = decode(token, rules.keys, "countersign-action+jwt")
    if claims["iss"] != rules.issuer or claims["aud"] != rules.audience:
        raise Refused("not for us")
    check_time(claims, now)
    if claims["exp"] - claims["iat"] > LONGEST_S:
        raise Refused("its life")
    if (claims["sub"], claims["client_id"]) != (call["sub"], call["client_id"]):
        raise Refused("somebody else's")
    for name in ("jti", "txn", "approval"):
        claims[name]
    thumbprints = list(claims.get("cnf", {}).values())
    if len(thumbprints) > 1:
        raise Refused("two keys")
    cnf = thumbprints[0] if thumbprints else None
    bound = {"sid": claims.get("sid"), "ath": claims.get("ath"), "cnf": cnf}
    bound = {name: value for name, value in bound.items() if value is not None}
    if not bound or any(call[name] != value for name, value in bound.items()):
        raise Refused("another call's")
    [detail] = claims["authorization_details"]
    kind = (detail["type"], detail["params_hash_alg"], detail["locations"])
    if kind != ("countersign_action", "jcs-sha-256", [rules.audience]):
        raise Refused("no such detail")
    if detail["params_hash"] != params_hash:
        raise Refused("something else was approved")


def judge(rules, token, presented, body, now):
    """Everything but spending the credential. A real server also checks the proof of the key."""
    try:
        claims = base(rules, token, now)
        action, params_hash = asked(body)
        call = {
            "sub": claims["sub"],
            "client_id": claims["client_id"],
            "sid": claims.get("sid"),
            "ath": sha256(token.encode()),
            "cnf": claims.get("cnf", {}).get("jkt"),
        }
        credential(rules, presented, call, params_hash, now)
    except (Refused, jwt.PyJWTError, KeyError, TypeError, ValueError) as why:
        raise Refused(str(why)) from why
    return action, params_hash, call


def judge_all(path):
    with open(path, encoding="utf-8") as file:
        corpus = json.load(file)
    keys = jwt.PyJWKSet.from_dict(corpus["keys"])
    token_keys = jwt.PyJWKSet.from_dict(corpus["token_keys"])
    rules = Rules(
        corpus["issuer"],
        corpus["audience"],
        keys.__getitem__,
        corpus["token_issuer"],
        token_keys.__getitem__,
    )
    for call in corpus["calls"]:
        body = call["body"].encode()
        try:
            judge(rules, call["token"], call["credential"], body, call["now"])
            print("accepted")
        except Refused:
            print("refused")


def redeem(token, params_hash, call, key):
    known = {name: value for name, value in call.items() if value is not None}
    form = urllib.parse.urlencode({"token": token, "params_hash": params_hash, **known})
    request = urllib.request.Request(
        os.environ["COUNTERSIGN_URL"] + "/access/v1/credentials/redeem",
        data=form.encode(),
        headers={
            "authorization": "Bearer " + os.environ["COUNTERSIGN_API_KEY"],
            "idempotency-key": key,
        },
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["active"] is True


class Handler(http.server.BaseHTTPRequestHandler):
    rules = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        presented = self.headers.get("countersign-action")
        if scheme != "Bearer":
            return self.answer(401)
        if presented is None:
            challenge = 'Bearer error="transaction_authorization_required"'
            return self.answer(401, {"www-authenticate": challenge})
        try:
            action, params_hash, call = judge(self.rules, token, presented, body, int(time.time()))
        except Refused as why:
            print(f"refused: {why}", flush=True)
            return self.answer(403)
        key = sha256(self.headers.get("idempotency-key", presented).encode())
        try:
            redeemed = redeem(presented, params_hash, call, key)
        except OSError:
            return self.answer(503)
        # Here the action is carried out: what was parsed, not the body once more. A caller that
        # lost the answer comes again with the same key: carry out once for each.
        return self.answer(200, text=f"done: {action['name']}\n") if redeemed else self.answer(403)

    def answer(self, status, headers=None, text=""):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def serve():
    env = os.environ
    keys = jwt.PyJWKClient(env["COUNTERSIGN_URL"] + "/.well-known/jwks.json")
    token_keys = jwt.PyJWKClient(env["TOKEN_JWKS"])
    Handler.rules = Rules(
        env["COUNTERSIGN_URL"],
        env["AUDIENCE"],
        keys.get_signing_key,
        env["TOKEN_ISSUER"],
        token_keys.get_signing_key,
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(env["PORT"])), Handler)
    print("listening", flush=True)
    server.serve_forever()


match sys.argv[1:]:
    case ["serve"]:
        serve()
    case ["judge", path]:
        judge_all(path)
    case _:
        sys.exit("say `serve`, or `judge FILE`")
