// What a member of a server asks with commands, and what comes back.
import { GatewayIntentBits, MessageFlags } from 'discord.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import { componentsOf } from '../../../support/loopback-discord/index.ts';
import { photo, pictureAt, type Stage, startStage, upload } from '../harness.ts';

const texts = createTexts('en');

describe('commands', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.end());

  it('logs in through the configured API alone, without privileged intents', () => {
    expect(stage.gateway.identified).toEqual([
      { intents: GatewayIntentBits.GuildMessages | GatewayIntentBits.DirectMessages, shard: [0, 1] },
    ]);
  });

  it('registers every command once, for all places and both kinds of installation', () => {
    const puts = stage.world.calls.filter((call) => call.method === 'PUT');
    expect(puts).toHaveLength(1);
    const { globalCommands } = stage.world;
    expect(globalCommands.map((command) => command.name)).toEqual([
      'cartoonize',
      'style',
      'strength',
      'styles',
      'help',
      'privacy',
      'Cartoonize',
      'Cartoonize avatar',
    ]);
    for (const command of globalCommands) {
      expect(command.contexts).toEqual([0, 1, 2]);
      expect(command.integration_types).toEqual([0, 1]);
      expect(Object.keys(command.name_localizations ?? {}).sort()).toEqual([
        'de',
        'es-419',
        'es-ES',
        'pt-BR',
        'ru',
        'uk',
        'zh-CN',
      ]);
    }
  });

  it('/cartoonize: deferred at once, answered with the cartoon of the photo', async () => {
    const user = stage.world.person('ann');
    const seen = await stage.people.slash(user, stage.here, 'cartoonize', {
      image: await upload({ bytes: await photo(80, 60), description: 'Ann at the sea' }),
      style: 'anime',
    });
    await seen.acknowledged();
    expect(seen.interaction.callback).toBe(5);
    const reply = await seen.until();
    const mine = stage.world.calls.filter((call) => call.path.includes(seen.interaction.token));
    expect(mine[0]?.path).toMatch(/\/callback$/);
    expect(reply.content).toBe('');
    expect(reply.attachments).toHaveLength(1);
    const [file] = reply.attachments;
    expect(file?.filename).toBe('dctoon-anime.jpg');
    expect(file?.description).toBe('Photo redrawn as a cartoon, style: ANIME. Ann at the sea');
    const picture = await pictureAt(file?.url ?? '');
    expect([picture.width, picture.height]).toEqual([80, 60]);
    // The engine inverts: the brown photo is a blue cartoon.
    expect(picture.dominant.b).toBeGreaterThan(picture.dominant.r);
    expect((reply.flags ?? 0) & MessageFlags.Ephemeral).toBe(0);
    expect(stage.engine.drawn.at(-1)).toMatchObject({ style: 'anime', maxBytes: 8 * 1024 * 1024 });
    const webhooks = stage.world.calls.filter((call) => call.path.startsWith('/webhooks/'));
    expect(webhooks.every((call) => call.authorization === undefined)).toBe(true);
  });

  it('format: png', async () => {
    const seen = await stage.people.slash(stage.world.person('p'), stage.here, 'cartoonize', {
      image: await upload(),
      format: 'png',
    });
    const reply = await seen.until();
    expect(reply.attachments[0]?.filename).toBe('dctoon-3d.png');
    expect((await pictureAt(reply.attachments[0]?.url ?? '')).format).toBe('png');
  });

  it('private: only the requester sees it, "thinking" included', async () => {
    const seen = await stage.people.slash(stage.world.person('q'), stage.here, 'cartoonize', {
      image: await upload(),
      private: true,
    });
    const reply = await seen.until();
    expect((reply.flags ?? 0) & MessageFlags.Ephemeral).toBe(MessageFlags.Ephemeral);
    expect(seen.interaction.history.every((one) => ((one.flags ?? 0) & 64) === 64)).toBe(true);
  });

  it.each([
    ['the option', { spoiler: true }, {}],
    ['the flag of the photo', {}, { spoiler: true }],
    ['the old prefix of the photo', {}, { name: 'SPOILER_x.jpg' }],
  ])('spoiler in, spoiler out: %s', async (_, options, file) => {
    const seen = await stage.people.slash(stage.world.person('s'), stage.here, 'cartoonize', {
      image: await upload(file),
      ...options,
    });
    const reply = await seen.until();
    expect(reply.attachments[0]?.filename).toBe('SPOILER_dctoon-3d.jpg');
    expect(reply.attachments[0]?.flags).toBe(8);
  });

  it('user: draws an avatar, or the default one', async () => {
    const { world } = stage;
    const target = { ...world.person('bo'), avatar: 'a1b2c3' };
    world.files.set(`/avatars/${target.id}/a1b2c3.png`, { bytes: await photo(40, 40), type: 'image/png' });
    const seen = await stage.people.slash(world.person('u'), stage.here, 'cartoonize', { user: target });
    const file = (await seen.until()).attachments[0];
    expect(file?.description).toContain('bo');
    expect((await pictureAt(file?.url ?? '')).width).toBe(40);

    const plain = world.person('plain');
    const index = Number((BigInt(plain.id) >> 22n) % 6n);
    world.files.set(`/embed/avatars/${index}.png`, { bytes: await photo(24, 24), type: 'image/png' });
    const second = await stage.people.userMenu(world.person('v'), stage.here, 'Cartoonize avatar', plain);
    expect((await pictureAt((await second.until()).attachments[0]?.url ?? '')).width).toBe(24);
  });

  it('link: takes pictures on Discord and nothing else', async () => {
    const { world } = stage;
    const attachment = world.attach(await upload({ bytes: await photo(30, 20) }));
    const seen = await stage.people.slash(world.person('l'), stage.here, 'cartoonize', {
      link: attachment.url,
    });
    expect((await pictureAt((await seen.until()).attachments[0]?.url ?? '')).width).toBe(30);
    for (const link of [
      'https://example.com/photo.jpg',
      'http://169.254.169.254/latest/meta-data',
      'https://cdn.discordapp.com@example.com/attachments/1/2/x.jpg',
      'http://cdn.discordapp.com/attachments/1/2/x.jpg',
      `${world.origin}/api/v10/users/@me`,
      'file:///etc/passwd',
      'nonsense',
    ]) {
      const refused = await stage.people.slash(world.person('l'), stage.here, 'cartoonize', { link });
      const reply = await refused.until();
      expect(reply.content).toBe(texts.input.linkNotAllowed);
      expect((reply.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
    }
  });

  it('renews a link that has expired', async () => {
    const { world } = stage;
    const attachment = world.attach(await upload({ bytes: await photo(31, 20) }));
    const old = world.sign(new URL(attachment.url).pathname, Date.now() - 1000);
    expect((await fetch(old)).status).toBe(404);
    const seen = await stage.people.slash(world.person('x'), stage.here, 'cartoonize', { link: old });
    expect((await seen.until()).attachments).toHaveLength(1);
    expect(world.calls.filter((call) => call.path === '/attachments/refresh-urls')).toHaveLength(1);
  });

  it('nothing to draw: says so at once, to the requester alone', async () => {
    const seen = await stage.people.slash(stage.world.person('n'), stage.here, 'cartoonize');
    const reply = await seen.until();
    expect(reply.content).toBe(texts.error('no_photo'));
    expect((reply.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
  });

  it('names the permission that is missing', async () => {
    const place = { ...stage.here, permissions: 1n << 10n };
    const seen = await stage.people.slash(stage.world.person('m'), place, 'cartoonize', {
      image: await upload(),
    });
    expect((await seen.until()).content).toBe('I cannot answer here. I am missing: Attach Files.');
  });

  it('works for a person in a private channel, where the bot is no member', async () => {
    const { world } = stage;
    const channel = world.channel('private');
    const seen = await stage.people.slash(world.person('z'), { channel }, 'cartoonize', {
      image: await upload(),
    });
    expect((await seen.until()).attachments).toHaveLength(1);
    expect(world.calls.some((call) => call.path.startsWith(`/channels/${channel.id}`))).toBe(false);
  });

  it('/help, /privacy, /styles and /style answer in the language of the person', async () => {
    const { people, world } = stage;
    const user = world.person('h');
    const say = async (name: string, options = {}) =>
      (await (await people.slash(user, stage.here, name, options)).until()).content;
    expect(await say('help')).toBe(texts.help.discord);
    expect(await say('privacy')).toBe(`${texts.privacy({ keepMinutes: 15 })}\n${texts.forget.byButton}`);
    expect(await say('styles')).toContain('2. ANIME: the anime look');
    people.locale = 'de';
    try {
      expect(await say('styles')).toContain('2. anime auf Deutsch: aussehen wie anime');
      expect(await say('help')).toBe(createTexts('de').help.discord);
      expect(await say('style', { style: 'sketch' })).toContain('sketch auf Deutsch');
    } finally {
      people.locale = 'en-US';
    }
    const seen = await people.slash(user, stage.here, 'cartoonize', { image: await upload() });
    expect((await seen.until()).attachments[0]?.filename).toBe('dctoon-sketch.jpg');
  });

  it('/strength is remembered; an option of /cartoonize counts once', async () => {
    const { people, world, here, engine } = stage;
    const user = world.person('strong');
    const say = async (name: string, options = {}) =>
      (await (await people.slash(user, here, name, options)).until()).content;
    expect(await say('strength', { percent: 60 })).toBe(texts.strength.set({ percent: 60 }));
    const before = engine.drawn.length;
    await say('cartoonize', { image: await upload() });
    await say('cartoonize', { image: await upload(), strength: 120, as: 'avatar' });
    const drawn = engine.drawn.slice(before);
    expect(drawn.map(({ strength, as }) => [strength, as])).toEqual([
      [60, undefined],
      [120, 'avatar'],
    ]);
  });

  it('a photo without a face gets one remark, once', async () => {
    const user = stage.world.person('landscape');
    stage.engine.faces = 0;
    const draw = async () =>
      (await (await stage.people.slash(user, stage.here, 'cartoonize', { image: await upload() })).until())
        .content;
    expect(await draw()).toBe(texts.result.noFace);
    expect(await draw()).toBe('');
    stage.engine.faces = 1;
  });

  it('offers the other styles under the cartoon', async () => {
    const seen = await stage.people.slash(stage.world.person('o'), stage.here, 'cartoonize', {
      image: await upload(),
    });
    const [menu] = componentsOf(await seen.until());
    expect(menu?.custom_id).toMatch(/^cz1:again:\d+-[\w-]{22}$/);
    expect(menu?.options?.map((option) => option.value)).toEqual(['anime', 'sketch']);
  });

  it('/styles shows a contact sheet where there are thumbnails', async () => {
    const thumbnail = async (id: string) => (id === 'sketch' ? undefined : photo(300, 200));
    const own = await startStage({ extra: { thumbnail } });
    const seen = await own.people.slash(own.world.person('c'), own.here, 'styles');
    const reply = await seen.until();
    expect(reply.content).toContain('3. SKETCH');
    expect((reply.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
    const [sheet] = reply.attachments;
    expect(sheet?.description).toBe('3D, ANIME, SKETCH');
    // Two tiles of 256 and the gap between them.
    const picture = await pictureAt(sheet?.url ?? '');
    expect([picture.width, picture.height]).toEqual([520, 256]);
    await own.end();
  });
});

it('/help and /privacy name the page that draws on the device, where there is one', async () => {
  const onDeviceUrl = 'https://toon.example.org/?local';
  const stage = await startStage({ extra: { onDeviceUrl } });
  try {
    const user = stage.world.person('ann');
    for (const command of ['help', 'privacy']) {
      const seen = await stage.people.slash(user, stage.here, command, {});
      const reply = await seen.until();
      expect(reply.content).toContain(`\n${texts.help.onDevice({ url: onDeviceUrl })}`);
    }
  } finally {
    await stage.end();
  }
});
