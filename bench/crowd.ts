/**
 * A rush on the running service with the real model: 100 people on Telegram at once, then 200 commands on Discord at
 * once, through the loopback platforms. Checks that everybody gets exactly one cartoon and nobody provokes a flood;
 * measures the worst acknowledgement on Discord (its limit is 3 s, ours 2 s).
 *
 *   npx tsx bench/crowd.ts
 */
import assert from 'node:assert/strict';
import sharp from 'sharp';
import { astronaut } from '../test/support/photos.ts';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, ServiceProcess } from '../test/support/service.ts';
import { percentile, table } from './measure.ts';

const PEOPLE = 100;
const COMMANDS = 200;
const PATIENCE_MS = 240_000;

await build();
const platforms = await startPlatforms({ flood: {} });
const { telegram, discord } = platforms;
const { world, people } = discord;
const { channel } = world.guild();
const service = await ServiceProcess.start({
  ...platforms.env,
  QUEUE_CONCURRENCY: '2',
  LOG_LEVEL: 'warn',
});
await platforms.registered();

/** Everybody's photo differs, so that no cache answers. */
const faces = await Promise.all(
  Array.from({ length: COMMANDS }, async (_, n) =>
    sharp(await astronaut())
      .modulate({ hue: n })
      .jpeg()
      .toBuffer(),
  ),
);
const face = (n: number) => faces[n % faces.length] ?? new Uint8Array();

const begun = performance.now();
const crowd = await Promise.all(
  Array.from({ length: PEOPLE }, async (_, n) => {
    const user = telegram.newUser();
    return { room: telegram.dm(user), source: await telegram.send(user, { photo: face(n) }) };
  }),
);
const waits = await Promise.all(
  crowd.map(async ({ room, source }) => {
    await world.until(() => telegram.pictures(room, source)[0], 'a cartoon on Telegram', PATIENCE_MS);
    return performance.now() - begun;
  }),
);
await new Promise((resolve) => setTimeout(resolve, 3000));
for (const { room } of crowd)
  assert.equal(telegram.botMessages(room).length, 1, 'one cartoon and nothing else');
assert.deepEqual(telegram.floods, []);
assert.deepEqual(telegram.violations, []);

const rush = performance.now();
const seen = await Promise.all(
  Array.from({ length: COMMANDS }, (_, n) =>
    people.slash(world.person(`u${n}`), { channel }, 'cartoonize', {
      image: { name: 'me.jpg', bytes: face(n) },
    }),
  ),
);
const acknowledged = await Promise.all(seen.map((one) => one.acknowledged()));
const replies = await Promise.all(seen.map((one) => one.until(undefined, PATIENCE_MS)));
const rushMs = performance.now() - rush;
for (const reply of replies) assert.equal(reply.attachments.length, 1, 'one cartoon a command');
assert.equal(world.calls.filter((call) => call.files.length > 0).length, COMMANDS, 'no cartoon sent twice');
assert.deepEqual(world.violations, []);

console.log(
  table([
    {
      'Telegram people': PEOPLE,
      'answered within s, median': (percentile(waits, 0.5) / 1000).toFixed(1),
      'last after s': (Math.max(...waits) / 1000).toFixed(1),
      floods: telegram.floods.length,
      'Discord commands': COMMANDS,
      'worst acknowledgement ms': Math.max(...acknowledged).toFixed(0),
      'all answered after s': (rushMs / 1000).toFixed(1),
    },
  ]),
);
assert.equal(await service.stop(), 0);
await service.dispose();
await platforms.close();
