"""Has scim2-tester check a SCIM server: judge.py BASE_URL API_KEY. One JSON line with the counts."""

import collections
import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

base_url, api_key = sys.argv[1:]
http = Client(base_url=base_url, headers={"Authorization": f"Bearer {api_key}"})
client = SyncSCIMClient(http)
counts = collections.Counter()
for result in check_server(client):
    counts[result.status.name] += 1
    if result.status in (Status.ERROR, Status.CRITICAL) or "-v" in sys.argv:
        print(f"{result.title} {result.resource_type}: {result.reason}", file=sys.stderr)
print(json.dumps(counts))
