/** Stickers, emoji and profile pictures on Discord by the real networks: the buttons under a result, and "Add to this server". */
import { PermissionFlagsBits } from 'discord.js';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../../src/inference/cartoonizer.ts';
import type { Shape } from '../../../../src/inference/types.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import {
  type APIMessage,
  type APIUser,
  componentsOf,
  type Place,
} from '../../../support/loopback-discord/index.ts';
import { MODELS_DIR } from '../../../support/models.ts';
import { astronaut } from '../../../support/photos.ts';
import { type Stage, startStage } from '../harness.ts';

const texts = createTexts('en');
const MAY =
  PermissionFlagsBits.CreateGuildExpressions |
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.AttachFiles;

let cartoonizer: Cartoonizer;
let stage: Stage;
let user: APIUser;
/** Person and app may create emoji and stickers there. */
let there: Place;

beforeAll(async () => {
  cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
});
afterAll(() => cartoonizer.close());
beforeEach(async () => {
  stage = await startStage({ engine: cartoonizer });
  user = stage.world.person('ann');
  there = { ...stage.here, permissions: MAY, own: MAY };
});
afterEach(() => stage.end());

async function draw(as?: Shape, place: Place = there): Promise<APIMessage> {
  const image = { name: 'photo.png', bytes: await astronaut() };
  const seen = await stage.people.slash(user, place, 'cartoonize', { image, ...(as && { as }) });
  return await seen.until((one) => one.attachments.length > 0);
}

const labels = (message: APIMessage) =>
  componentsOf(message).flatMap((one) => ('label' in one && one.label ? [one.label] : []));
const buttonOf = (message: APIMessage, label: string) =>
  componentsOf(message).find((one) => 'label' in one && one.label === label)?.custom_id ?? '';
async function press(message: APIMessage, label: string, place: Place = there): Promise<APIMessage> {
  const seen = await stage.people.press(user, place, message, buttonOf(message, label));
  return await seen.until((one) => one.content !== '' || one.attachments.length > 0);
}
async function fileOf(message: APIMessage) {
  const [file] = message.attachments;
  const response = await fetch(file?.url ?? '');
  const { width, height, hasAlpha, format } = await sharp(await response.arrayBuffer()).metadata();
  return { name: file?.filename, type: file?.content_type, width, height, hasAlpha, format };
}

describe('the buttons under a result', { timeout: 60_000 }, () => {
  it('make a sticker, a profile picture and an emoji of the same photo, each a reply of its own', async () => {
    const cartoon = await draw();
    expect(labels(cartoon)).toEqual(['Sticker', 'Profile picture', 'Emoji']);
    const sticker = await press(cartoon, 'Sticker');
    expect(await fileOf(sticker)).toMatchObject({
      name: 'dctoon-3d-sticker.webp',
      type: 'image/webp',
      hasAlpha: true,
      format: 'webp',
    });
    expect(await fileOf(await press(cartoon, 'Profile picture'))).toMatchObject({
      name: 'dctoon-3d-avatar.jpg',
      width: 1024,
      height: 1024,
    });
    expect(await fileOf(await press(cartoon, 'Emoji'))).toMatchObject({
      name: 'dctoon-3d-emoji.png',
      width: 128,
      height: 128,
      hasAlpha: true,
    });
    // Another style of a sticker is a sticker.
    const menu = componentsOf(sticker)[0]?.custom_id ?? '';
    const again = await (await stage.people.press(user, there, sticker, menu, ['anime'])).until();
    expect((await fileOf(again)).name).toBe('dctoon-anime-sticker.webp');
  });
});

describe('"Add to this server"', { timeout: 60_000 }, () => {
  it('makes an emoji and a sticker of the server, within its limits', async () => {
    const emoji = await draw('emoji');
    const sticker = await draw('sticker');
    expect((await press(emoji, texts.expressions.add)).content).toBe(
      texts.expressions.emojiAdded({ name: 'dctoon_3d' }),
    );
    expect((await press(sticker, texts.expressions.add)).content).toBe(
      texts.expressions.stickerAdded({ name: 'dctoon_3d' }),
    );
    expect(stage.world.expressions.map(({ kind, guildId, name }) => [kind, guildId, name])).toEqual([
      ['emoji', stage.guild.id, 'dctoon_3d'],
      ['sticker', stage.guild.id, 'dctoon_3d'],
    ]);
    const { data } = await sharp(stage.world.expressions[1]?.bytes)
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([data[3], data[4 * (160 * 320 + 160) + 3]]).toEqual([0, 255]);
  });

  it('says which permission is missing, to whom, and how it is done by hand', async () => {
    const emoji = await draw('emoji');
    const { youMayNot, iMayNot, byHand, add } = texts.expressions;
    const person = await press(emoji, add, { ...stage.here, permissions: MAY });
    expect(person.content).toBe(`${youMayNot} ${byHand}`);
    const app = await press(emoji, add, { ...stage.here, own: MAY });
    expect(app.content).toBe(`${iMayNot} ${byHand}`);
    stage.world.fault({
      method: 'POST',
      path: /emojis$/,
      status: 403,
      body: { code: 50013, message: 'Missing Permissions' },
    });
    expect((await press(emoji, add)).content).toBe(`${iMayNot} ${byHand}`);
    expect(stage.world.expressions).toEqual([]);
  });

  it('says when the server is full, and when Discord does not take it', async () => {
    const emoji = await draw('emoji');
    const { add, full, failed } = texts.expressions;
    const bytes = new Uint8Array(1);
    for (let i = 0; i < 50; i++)
      stage.world.expressions.push({ kind: 'emoji', guildId: stage.guild.id, name: `e${i}`, bytes });
    expect((await press(emoji, add)).content).toBe(full);
    stage.world.fault({
      method: 'POST',
      path: /emojis$/,
      status: 400,
      body: { code: 50035, message: 'Invalid Form Body' },
    });
    expect((await press(emoji, add)).content).toBe(failed);
  });

  it('is not offered where there is no server', async () => {
    const dm = await draw('sticker', { channel: stage.world.dm(user) });
    expect(labels(dm)).toEqual([]);
  });
});
