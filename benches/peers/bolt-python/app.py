# The same promise as it comes to mind first: Bolt takes a click, sqlite3 writes it down for good, and
# only then is Slack answered. Waitress serves it from threads, in one process.

import logging
import sqlite3
import sys
import threading
import time

import waitress
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

THREADS = 32

host, port, file, signing_secret = sys.argv[1:]

database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
database.execute("pragma journal_mode = WAL")
database.execute("pragma synchronous = FULL")
database.execute(
    "create table vote ("
    "button text not null, person text not null, at integer not null, primary key (button, person))"
)
one_at_a_time = threading.Lock()

logging.disable(logging.WARNING)


def authorize():
    return AuthorizeResult(
        enterprise_id=None,
        team_id="T0BENCH",
        bot_token="xoxb-bench",
        bot_id="B0BENCH",
        bot_user_id="U0BENCH",
    )


# Its other way answers from a second thread, for which the first looks every 10 ms.
app = App(signing_secret=signing_secret, authorize=authorize, process_before_response=True)


@app.action("approve")
def approve(ack, action, body):
    click = (action["value"], body["user"]["id"], time.time_ns() // 1_000_000)
    with one_at_a_time:
        database.execute("insert into vote (button, person, at) values (?, ?, ?)", click)
    ack()


waitress.serve(
    SlackRequestHandler(app, path="/slack/interactions"), host=host, port=int(port), threads=THREADS
)
