"""Slack's SDK for Python talks to the fake: calls, refusals, signatures, rotation, Socket Mode."""

import json
import os
import subprocess
from threading import Event
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, SectionBlock
from slack_sdk.models.views import View
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

CLIENT = {"client_id": "1000.A1", "client_secret": "client-secret"}
PATIENCE_S = 30


class Fake:
    """A fake Slack of its own, stopped at the end."""

    def __enter__(self):
        program = [os.environ["FAKE_SLACK"], "--seed", "seed.json"]
        self.process = subprocess.Popen(program, stdout=subprocess.PIPE)
        told = json.loads(self.process.stdout.readline())
        self.url, self.api_url, self.tokens = told["url"], told["api_url"] + "/", told["tokens"]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def client(self, token=None):
        return WebClient(token, base_url=self.api_url)

    def control(self, verb, **fields):
        body = json.dumps(fields).encode()
        request = Request(f"{self.url}/_control/{verb}", body, {"content-type": "application/json"})
        with build_opener().open(request) as response:
            return json.load(response)


class Stay(HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, request, body, code, message, headers, url):
        self.location = url


def refused(call, error):
    try:
        call()
    except SlackApiError as refusal:
        assert refusal.response["error"] == error, refusal.response
        return refusal.response
    raise AssertionError(f"{error} was expected")


def calls(fake):
    web = fake.client(fake.tokens[0])
    assert web.auth_test()["team_id"] == "T1"
    blocks = [
        SectionBlock(text="*Please* decide"),
        ActionsBlock(elements=[ButtonElement(text="Approve", action_id="approve", value="1")]),
    ]
    posted = web.chat_postMessage(channel="C1", text="Please decide", blocks=blocks)
    assert posted["message"]["blocks"][1]["elements"][0]["value"] == "1"
    web.chat_update(channel="C1", ts=posted["ts"], text="Approved", blocks=blocks)
    assert web.conversations_info(channel="C2")["channel"]["is_ext_shared"]
    assert web.users_lookupByEmail(email="erin@example.com")["user"]["id"] == "U1"
    assert web.usergroups_users_list(usergroup="S1")["users"] == ["U1"]
    refused(lambda: web.chat_postMessage(channel="C3", text="x"), "is_archived")
    refused(lambda: fake.client("xoxb-nobody").auth_test(), "invalid_auth")
    view = View(type="modal", title="Deny", blocks=blocks)
    refused(lambda: web.views_open(trigger_id="1.2.x", view=view), "invalid_trigger_id")
    limit = {"rate_limited": {"retry_after_s": 3}}
    fake.control("misbehave", method="chat.postMessage", fault=limit)
    limited = refused(lambda: web.chat_postMessage(channel="C1", text="x"), "ratelimited")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")


def signatures(fake):
    verifier = SignatureVerifier("signing-secret")
    for age_s, is_good in [(0, True), (299, True), (302, False)]:
        signed = fake.control("sign_event", team="T1", event={"type": "team_join"}, age_s=age_s)
        body, headers = signed["body"], signed["headers"]
        assert verifier.is_valid_request(body, headers) is is_good, age_s
        assert not verifier.is_valid_request(body + " ", headers)


def rotation(fake):
    back = "http://127.0.0.1:9/callback"
    query = urlencode({**CLIENT, "scope": "chat:write", "redirect_uri": back, "state": "s1"})
    stay = Stay()
    try:
        build_opener(stay).open(f"{fake.url}/oauth/v2/authorize?{query}")
    except OSError as found:
        assert found.code == 302
    code = parse_qs(urlsplit(stay.location).query)["code"][0]
    web = fake.client()
    first = web.oauth_v2_access(**CLIENT, code=code, redirect_uri=back)
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = web.oauth_v2_access(**CLIENT, **again)
    assert fake.client(second["access_token"]).auth_test()["ok"]
    refused(lambda: web.oauth_v2_access(**CLIENT, code=code, redirect_uri=back), "code_already_used")


def socket_mode(fake):
    fake.control("use_socket_mode")
    heard, is_open = [], Event()
    client = SocketModeClient(app_token="xapp-1-A1-1000-token", web_client=fake.client())

    def listen(client, request):
        heard.append(request)
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client.socket_mode_request_listeners.append(listen)
    client.message_listeners.append(lambda _, message, __: message["type"] == "hello" and is_open.set())
    client.connect()
    assert is_open.wait(PATIENCE_S)
    answer = fake.control("click", user="U1", channel="C1", button="Approve")
    assert answer == {"status": 200, "body": ""}, answer
    payload = heard[0].payload
    assert (heard[0].type, payload["type"]) == ("interactive", "block_actions")
    webhook = WebhookClient(payload["response_url"])
    assert webhook.send(text="noted", response_type="ephemeral").status_code == 200
    client.close()


with Fake() as slack:
    for judge in [calls, signatures, rotation, socket_mode]:
        judge(slack)
        print(f"passed: {judge.__name__}")
