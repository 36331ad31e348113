/** /privacy and its button: what is stored about a person is gone at once, and the answer says what it was. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageFlags } from 'discord.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import { type APIMessage, componentsOf } from '../../../support/loopback-discord/index.ts';
import { actionsOf, type Stage, startStage, upload } from '../harness.ts';

const texts = createTexts('en');

let stage: Stage;
beforeEach(async () => {
  stage = await startStage({ concurrency: 1 });
});
afterEach(() => stage.end());

type Person = ReturnType<Stage['world']['person']>;
const slash = async (user: Person) =>
  stage.people.slash(user, stage.here, 'cartoonize', { image: await upload() });
const filesIn = (folder: string) => readdir(join(stage.dataDir, 'discord', folder));

async function forget(user: Person) {
  const privacy = await (await stage.people.slash(user, stage.here, 'privacy')).until();
  const [button] = componentsOf(privacy);
  expect(button?.label).toBe(texts.forget.label);
  expect((privacy.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
  return (await stage.people.press(user, stage.here, privacy, button?.custom_id ?? '')).until(
    (reply) => reply.content !== '',
  );
}

it('deletes originals, replies, settings and photos on their way, and says so; others keep theirs', async () => {
  const { world, people, bot, engine, here } = stage;
  const [ann, bob] = [world.person('ann'), world.person('bob')];
  await (await people.slash(ann, here, 'style', { style: 'anime' })).until();
  const first = await (await slash(ann)).until();
  await (await slash(bob)).until();
  await actionsOf(stage).idle();
  engine.hold();
  const running = await slash(ann);
  await world.until(() => bot.queue.counts().processing === 1, 'a running job');
  const waiting = await slash(ann);
  await world.until(() => bot.queue.counts().queued === 1, 'a waiting job');

  const answer = await forget(ann);
  expect((answer.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
  expect(answer.content).toBe(
    texts.forget.done({ hasStyle: true, hints: 0, photos: 2, originals: 3, replies: 1 }),
  );
  expect(bot.conversation.styleOf(`dc-${ann.id}`)).toBe('3d');
  for (const seen of [running, waiting]) expect((await seen.until()).content).toBe(texts.cancel.done);
  engine.release();
  await actionsOf(stage).idle();
  expect(engine.drawn).toHaveLength(3);

  // Nothing comes back with what was still to be said, and nothing is left of her in any file.
  const originals = await filesIn('originals');
  expect(originals).toHaveLength(1);
  expect(originals[0]).toContain(bob.id);
  const replies = await filesIn('replies');
  expect(replies).toHaveLength(1);
  const text = await readFile(join(stage.dataDir, 'discord', 'replies', replies[0] ?? ''), 'utf8');
  expect(text).toContain(bob.id);
  const preferences = await readFile(join(stage.dataDir, 'preferences.json'), 'utf8').catch(() => '');
  expect(preferences).not.toContain(ann.id);

  // The menu under the old cartoon has nothing to draw from.
  const menu = componentsOf(first)[0]?.custom_id ?? '';
  const press = await people.press(ann, here, first, menu, ['sketch']);
  await world.until(() => press.followUps.length === 1, 'the sentence');
  expect(press.followUps[0]?.content).toBe(texts.input.sourceGone);
  expect((await forget(ann)).content).toBe(
    texts.forget.done({ hasStyle: false, hints: 0, photos: 0, originals: 0, replies: 0 }),
  );
});

it('a photo that is being fetched is not kept, and an album ends', async () => {
  const { world, people, bot, here, guild } = stage;
  const ann = world.person('ann');
  const photos = [await upload(), await upload({ name: 'b.jpg' })];
  const target = people.write(world.person('author'), guild.channel, { photos });
  world.fault({ path: /attachments/, status: 200, delayMs: 60_000 });
  const seen = await people.messageMenu(ann, here, 'Cartoonize', target);
  await world.until(() => world.faults.every(({ left }) => left === 0), 'the download');
  expect((await forget(ann)).content).toContain(texts.forget.done({ hasStyle: false, hints: 0, photos: 1 }));
  expect((await seen.until()).content).toBe(texts.cancel.done);
  await actionsOf(stage).idle();
  expect(bot.jobs).toEqual([]);
  expect(await filesIn('originals').catch(() => [])).toEqual([]);
  expect(await filesIn('replies').catch(() => [])).toEqual([]);
});

it('acts for who presses, whoever asked', async () => {
  const { world, people, here } = stage;
  const [ann, eve] = [world.person('ann'), world.person('eve')];
  await (await people.slash(ann, here, 'style', { style: 'anime' })).until();
  const privacy = await (await people.slash(ann, here, 'privacy')).until();
  const id = componentsOf(privacy)[0]?.custom_id ?? '';
  const answer = await (await people.press(eve, here, privacy, id)).until(
    (one: APIMessage) => one.content !== '',
  );
  expect(answer.content).toBe(texts.forget.done({ hasStyle: false, hints: 0, photos: 0 }));
  expect(stage.bot.conversation.styleOf(`dc-${ann.id}`)).toBe('anime');
});
