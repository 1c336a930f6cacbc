// Reads one JSON document a line, writes the base64url SHA-256 of its canonical form a line.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import canonicalize from "canonicalize";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const canonical = canonicalize(JSON.parse(line));
  console.log(createHash("sha256").update(canonical, "utf8").digest("base64url"));
}
