/**
 * One attack in a process of its own, so that it does not slow down the visitor's clock: name, port and milliseconds
 * come as arguments. Says as JSON what it gained.
 */
import { setMaxListeners } from 'node:events';
import { Target } from './attack.ts';
import { ATTACKS } from './index.ts';

const [name, port, ms] = process.argv.slice(2);
const attack = ATTACKS.find((one) => one.name === name);
if (!attack) throw new Error(`no attack is called ${name}`);
const prepared = (await attack.prepare?.()) ?? [];
const over = AbortSignal.timeout(Number(ms));
setMaxListeners(0, over);
// A signal alone keeps no process alive whose connections are all closed.
setInterval(() => {}, 1000);
const gained = await attack
  .run(new Target(Number(port)), over, prepared)
  .catch((error: unknown) => `the attack broke: ${error}`);
console.log(JSON.stringify({ gained }));
// With it all its connections end.
process.exit(0);
