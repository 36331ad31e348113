/** Direct messages, mentions, and messages with many or unusual pictures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import type { APIMessage, Channel } from '../../../support/loopback-discord/index.ts';
import { laterPhoto, photo, pictureAt, type Stage, startStage, upload } from '../harness.ts';

const texts = createTexts('en');

describe('messages', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.end());

  const answersTo = (message: APIMessage) =>
    [...stage.world.messages.values()].filter((one) => one.message_reference?.message_id === message.id);
  const answerTo = (message: APIMessage, ready = (one: APIMessage) => one.attachments.length > 0) =>
    stage.world.until(() => answersTo(message).find(ready), 'an answer');
  const textTo = (message: APIMessage) => answerTo(message, (one) => one.content !== '');
  const dm = (name: string): [ReturnType<Stage['world']['person']>, Channel] => {
    const user = stage.world.person(name);
    return [user, stage.world.dm(user)];
  };

  it('a photo in a direct message is answered with its cartoon', async () => {
    const [user, channel] = dm('dora');
    const message = stage.people.write(user, channel, {
      photos: [await upload({ bytes: await photo(50, 40), spoiler: true })],
    });
    const answer = await answerTo(message);
    expect(answer.attachments[0]?.filename).toBe('SPOILER_dctoon-3d.jpg');
    expect((await pictureAt(answer.attachments[0]?.url ?? '')).width).toBe(50);
    const post = stage.world.calls.find((call) => call.path === `/channels/${channel.id}/messages`);
    expect(post?.body).toMatchObject({ nonce: `dc-${message.id}`, enforce_nonce: true });
    expect(stage.world.calls.some((call) => call.path === `/channels/${channel.id}/typing`)).toBe(true);
  });

  it('words in a direct message are answered with how to do it', async () => {
    const [user, channel] = dm('eve');
    expect((await textTo(stage.people.write(user, channel, { content: 'hi' }))).content).toBe(
      texts.input.sendPhoto,
    );
    const video = await upload({ name: 'clip.mp4', type: 'video/mp4' });
    expect((await textTo(stage.people.write(user, channel, { photos: [video] }))).content).toBe(
      texts.input.video,
    );
  });

  it('a mention with a photo is answered in the server, in the language known from a command', async () => {
    const user = stage.world.person('fritz');
    stage.people.locale = 'de';
    await (await stage.people.slash(user, stage.here, 'help')).until();
    stage.people.locale = 'en-US';
    const message = stage.people.write(user, stage.guild.channel, {
      mentionsBot: true,
      photos: [await upload()],
    });
    const answer = await answerTo(message);
    expect(answer.attachments[0]?.description).toBe(
      createTexts('de').result.alt({ style: '3d auf Deutsch' }),
    );
  });

  it('a photo without a mention is none of our business', async () => {
    const user = stage.world.person('gil');
    const message = stage.people.write(user, stage.guild.channel, { photos: [await upload()] });
    await laterPhoto(stage);
    expect(answersTo(message)).toEqual([]);
  });

  it('a mention that replies to a photo: Discord hides it, the hint names the menu', async () => {
    const { people, guild } = stage;
    const theirs = people.write(stage.world.person('hal'), guild.channel, { photos: [await upload()] });
    const message = people.write(stage.world.person('ida'), guild.channel, {
      mentionsBot: true,
      replyTo: theirs,
    });
    expect((await textTo(message)).content).toBe(texts.input.useApps);
  });

  it('a reply to a photo in a direct message draws it', async () => {
    const [user, channel] = dm('jan');
    const first = stage.people.write(user, channel, { photos: [await upload()] });
    await answerTo(first);
    const again = stage.people.write(user, channel, { content: 'this one', replyTo: first });
    expect((await answerTo(again)).attachments).toHaveLength(1);
  });

  it('a mention without anything gets one sentence; other bots and replies to our cartoons get none', async () => {
    const { people, guild, world } = stage;
    const user = world.person('kim');
    const asked = people.write(user, guild.channel, { mentionsBot: true, content: 'hello?' });
    expect((await textTo(asked)).content).toBe(texts.input.mention);
    const drawn = people.write(user, guild.channel, { mentionsBot: true, photos: [await upload()] });
    const cartoon = await answerTo(drawn);
    // The ping of a reply is a mention without the words.
    const thanks = people.write(user, guild.channel, {
      replyTo: cartoon,
      more: { content: 'so nice!', mentions: [world.bot] },
    });
    const robot = { ...world.person('robot'), bot: true };
    const beep = people.write(robot, guild.channel, { mentionsBot: true, photos: [await upload()] });
    await laterPhoto(stage);
    expect([...answersTo(thanks), ...answersTo(beep)]).toEqual([]);
  });

  it('Apps > Cartoonize draws all pictures of a message into one reply, without seeing message content', async () => {
    const { people, world, guild, here } = stage;
    const author = world.person('lea');
    const widths = [21, 22, 23, 24, 25, 26, 27, 28, 29, 30];
    const photos = await Promise.all(
      widths.map(async (width) => upload({ name: `p${width}.jpg`, bytes: await photo(width, 20) })),
    );
    const target = people.write(author, guild.channel, { photos });
    const seen = await people.messageMenu(world.person('max'), here, 'Cartoonize', target);
    const reply = await seen.until((message) => message.attachments.length === 10 && message.content === '');
    expect(reply.attachments.map((one) => one.filename)).toEqual(
      widths.map((_, i) => `dctoon-3d-${i + 1}.jpg`),
    );
    const drawn = await Promise.all(reply.attachments.map(async (one) => (await pictureAt(one.url)).width));
    expect(drawn).toEqual(widths);
    expect(seen.followUps).toEqual([]);
    expect(
      [...world.messages.values()].filter((one) => one.interaction_metadata?.id === seen.interaction.id),
    ).toHaveLength(1);
  });

  it('one broken picture of two: one cartoon and one sentence', async () => {
    const { people, world, guild, here } = stage;
    const broken = await upload({
      name: 'fake.jpg',
      bytes: new TextEncoder().encode('this is no picture at all'),
    });
    const target = people.write(world.person('ned'), guild.channel, { photos: [await upload(), broken] });
    const reply = await (await people.messageMenu(world.person('ole'), here, 'Cartoonize', target)).until(
      (message) => message.content.startsWith('2:'),
    );
    expect(reply.attachments.map((one) => one.filename)).toEqual(['dctoon-3d-1.jpg']);
    expect(reply.content).toBe(`2: ${texts.error('unsupported_format')}`);
  });

  it.each([
    ['text named .jpg', async () => new TextEncoder().encode('hello'), 'unsupported_format'],
    ['half a JPEG', async () => (await photo(400, 300)).subarray(0, 600), 'broken_image'],
    ['an empty file', async () => new Uint8Array(), 'download_failed'],
  ] as const)('%s is answered with the right sentence', async (_, bytes, code) => {
    const { people, world, here } = stage;
    const image = await upload({ bytes: await bytes() });
    const reply = await (await people.slash(world.person('pia'), here, 'cartoonize', { image })).until();
    expect(reply.content).toBe(texts.error(code));
    expect(reply.components).toEqual([]);
  });

  it('a PNG named .jpg is a picture like any other', async () => {
    const { people, world, here } = stage;
    const { default: sharp } = await import('sharp');
    const image = await upload({
      bytes: await sharp(await photo(33, 22))
        .png()
        .toBuffer(),
    });
    const reply = await (await people.slash(world.person('png'), here, 'cartoonize', { image })).until();
    expect((await pictureAt(reply.attachments[0]?.url ?? '')).width).toBe(33);
  });

  it('a file announced as too large is not even fetched', async () => {
    const { people, world, guild, here } = stage;
    const target = people.write(world.person('qui'), guild.channel, { photos: [await upload()] });
    if (target.attachments[0]) target.attachments[0].size = 21 * 1024 * 1024;
    const reply = await (await people.messageMenu(world.person('rob'), here, 'Cartoonize', target)).until();
    expect(reply.content).toBe(texts.error('too_large'));
  });

  describe('pictures that are no attachments', () => {
    const menu = async (more: Partial<APIMessage>) => {
      const { people, world, guild, here } = stage;
      const target = people.write(world.person('sam'), guild.channel, { more });
      return (await people.messageMenu(world.person('tom'), here, 'Cartoonize', target)).until();
    };

    it('a forwarded message', async () => {
      const inner = stage.world.attach(await upload({ bytes: await photo(61, 20) }));
      const reply = await menu({
        message_reference: { type: 1, channel_id: '1', message_id: '2' },
        message_snapshots: [{ message: { attachments: [inner], content: '', embeds: [] } as never }],
      });
      expect((await pictureAt(reply.attachments[0]?.url ?? '')).width).toBe(61);
    });

    it('a sticker; a vector sticker is no picture', async () => {
      const { world } = stage;
      const id = world.id();
      world.files.set(`/stickers/${id}.png`, { bytes: await photo(62, 62), type: 'image/png' });
      const reply = await menu({ sticker_items: [{ id, name: 'wave', format_type: 1 }] });
      expect((await pictureAt(reply.attachments[0]?.url ?? '')).width).toBe(62);
      const refused = await menu({ sticker_items: [{ id, name: 'wave', format_type: 3 }] });
      expect(refused.content).toBe(texts.input.sticker);
    });

    it("the picture of an embed, through Discord's proxy only", async () => {
      const { world } = stage;
      world.files.set('/external/abc/https/example.com/x.jpg', {
        bytes: await photo(63, 20),
        type: 'image/jpeg',
      });
      const reply = await menu({
        embeds: [
          {
            image: {
              url: 'https://example.com/x.jpg',
              proxy_url: `${world.origin}/external/abc/https/example.com/x.jpg`,
            },
          },
        ],
      });
      expect((await pictureAt(reply.attachments[0]?.url ?? '')).width).toBe(63);
      const unproxied = await menu({ embeds: [{ image: { url: 'http://127.0.0.1:1/x.jpg' } }] });
      expect(unproxied.content).toBe(texts.input.linkNotAllowed);
    });

    it('a message without any', async () => {
      expect((await menu({ content: 'just words' })).content).toBe(texts.error('no_photo'));
    });
  });
});
