/** What people read while they wait. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DiscordReply } from '../../../../src/bots/discord/types.ts';
import type { Job } from '../../../../src/queue/types.ts';
import { componentsOf, type Seen } from '../../../support/loopback-discord/index.ts';
import { aCartoon, nextProcess, type Stage, startStage, untilNoted, upload } from '../harness.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await startStage({ concurrency: 1 });
});
afterEach(() => stage.end());

/** Two photos of one message, waiting; and a way back with a clock of its own. */
async function waiting() {
  const { people, world, guild, here, engine, bot } = stage;
  engine.hold();
  const target = people.write(world.person('a'), guild.channel, {
    photos: [await upload(), await upload({ name: 'b.jpg' })],
  });
  const seen = await people.messageMenu(world.person('b'), here, 'Cartoonize', target);
  await world.until(() => bot.jobs.length === 2, 'two jobs');
  await untilNoted(stage, seen);
  const clock = { now: Date.now() };
  const way = await nextProcess(stage, () => clock.now);
  const show = (index: number, ahead: number) => {
    const job = bot.jobs[index] as Job;
    const status = { kind: 'queued', ahead, etaSeconds: 10 } as const;
    return way.messenger.showStatus(job, job.reply as DiscordReply, status);
  };
  return { seen, clock, way, show };
}
const editsOf = (seen: Seen) =>
  stage.world.calls.filter((call) => call.method === 'PATCH' && call.path.includes(seen.interaction.token));

it('position and time, edited every three seconds at most, with a button to cancel', async () => {
  const { seen, clock, way, show } = await waiting();
  for (const ahead of [9, 8, 7]) await show(0, ahead);
  expect(editsOf(seen)).toHaveLength(1);
  expect(seen.reply?.content).toContain('9 photos');
  expect(componentsOf(seen.reply as never)[0]?.custom_id).toBe(`cz1:cancel:dc-${seen.interaction.id}`);
  clock.now += 2900;
  await show(0, 6);
  expect(editsOf(seen)).toHaveLength(1);
  clock.now += 101;
  await show(0, 5);
  expect(editsOf(seen)).toHaveLength(2);
  expect(seen.reply?.content).toContain('5 photos');
  await way.close();
});

it('for several photos, one status: of the first that is not done', async () => {
  const { seen, clock, way, show } = await waiting();
  await show(1, 3);
  expect(editsOf(seen)).toHaveLength(0);
  await show(0, 2);
  expect(seen.reply?.content).toContain('0 of 2');
  const first = stage.bot.jobs[0] as Job;
  await way.messenger.deliver(first, first.reply as DiscordReply, await aCartoon());
  clock.now += 5000;
  await show(0, 1);
  expect(editsOf(seen)).toHaveLength(2);
  await show(1, 1);
  expect(seen.reply?.content).toContain('1 of 2');
  expect(seen.reply?.attachments).toHaveLength(1);
  await way.close();
});

it('never after the answer', async () => {
  const { seen, clock, way, show } = await waiting();
  for (const job of stage.bot.jobs) {
    await way.messenger.deliver(job, job.reply as DiscordReply, await aCartoon());
  }
  clock.now += 60_000;
  const edits = editsOf(seen).length;
  await show(0, 1);
  await show(1, 1);
  expect(editsOf(seen)).toHaveLength(edits);
  expect(seen.reply?.content).toBe('');
  await way.close();
});
