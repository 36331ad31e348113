/**
 * Every field of a message that can hold a picture: taken, or why not. docs/discord.md has the same table; Discord's own description of
 * its API says whether one is missing.
 */
import { type APIMessage, CDN } from 'discord.js';
import * as spec from 'discord-api-spec/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imagesOf } from '../../../src/bots/discord/incoming/media.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { photo, pictureAt, type Stage, startStage, upload } from './harness.ts';

const texts = createTexts('en');
const HERE = 'https://cdn.discordapp.com/attachments/1/2';
const THERE = 'https://static.example.com';
const source = {
  cdn: new CDN(),
  isAllowed: (link: string) => link.startsWith('https://cdn.discordapp.com/'),
};

const media = (name: string) => ({ url: `${HERE}/${name}`, content_type: 'image/png' });
const attachment = (name: string) => ({ ...media(name), filename: name, size: 9, id: '1' });

interface Row {
  readonly message: object;
  /** Names of the pictures that are drawn. */
  readonly drawn: readonly string[];
}

const FIELDS: Readonly<Record<string, Row>> = {
  attachments: { message: { attachments: [attachment('a.png')] }, drawn: ['a.png'] },
  'components: media gallery': {
    message: { components: [{ type: 12, items: [{ media: media('g1.png') }, { media: media('g2.png') }] }] },
    drawn: ['g1.png', 'g2.png'],
  },
  'components: thumbnail of a section': {
    message: {
      components: [{ type: 9, components: [{ type: 10 }], accessory: { type: 11, media: media('t.png') } }],
    },
    drawn: ['t.png'],
  },
  'components: container': {
    message: {
      components: [
        {
          type: 17,
          components: [
            { type: 12, items: [{ media: media('c1.png') }] },
            { type: 9, accessory: { type: 11, media: media('c2.png') } },
          ],
        },
      ],
    },
    drawn: ['c1.png', 'c2.png'],
  },
  'components: file': {
    message: {
      components: [
        { type: 13, file: { url: `${HERE}/f.png` }, name: 'f.png', size: 9 },
        { type: 13, file: { url: `${HERE}/f.zip` }, name: 'f.zip', size: 9 },
      ],
    },
    drawn: ['f.png'],
  },
  embeds: {
    message: { embeds: [{ image: { url: `${THERE}/e.png`, proxy_url: `${HERE}/e.png` } }] },
    drawn: ['e.png'],
  },
  'embeds: thumbnail': {
    message: { embeds: [{ thumbnail: { url: `${THERE}/e.png`, proxy_url: `${HERE}/t.png` } }] },
    drawn: ['t.png'],
  },
  'embeds: components': {
    message: { embeds: [{ components: [{ type: 12, items: [{ media: media('g.png') }] }] }] },
    drawn: ['g.png'],
  },
  'embeds: icons of author and footer': {
    message: { embeds: [{ author: { icon_url: `${HERE}/i.png` }, footer: { icon_url: `${HERE}/i.png` } }] },
    drawn: [],
  },
  message_snapshots: {
    message: { message_snapshots: [{ message: { attachments: [attachment('s.png')] } }] },
    drawn: ['s.png'],
  },
  'message_snapshots: components': {
    message: {
      message_snapshots: [{ message: { components: [{ type: 12, items: [{ media: media('s.png') }] }] } }],
    },
    drawn: ['s.png'],
  },
  sticker_items: {
    message: { sticker_items: [{ id: '7', name: 'wave', format_type: 1 }] },
    drawn: ['7.png'],
  },
  application: { message: { application: { icon: 'abc', cover_image: 'abc' } }, drawn: [] },
  poll: { message: { poll: { answers: [{ poll_media: { emoji: { id: '5' } } }] } }, drawn: [] },
  reactions: { message: { reactions: [{ emoji: { id: '5' } }] }, drawn: [] },
  author: { message: { author: { id: '1', avatar: 'abc' } }, drawn: [] },
  thread: { message: { thread: { member: {} } }, drawn: [] },
};

describe('fields of a message', () => {
  it.each(Object.entries(FIELDS))('%s', (_, { message, drawn }) => {
    const { images } = imagesOf(message as APIMessage, source);
    expect(images.map(({ url }) => url.split('/').at(-1))).toEqual(drawn);
  });

  it('there is no other that can hold one (the description of the API)', () => {
    /** Words, numbers, ids, people and places; `referenced_message` is looked at when somebody mentions the bot. */
    const without = new Set(
      `type content mentions mention_roles timestamp edited_timestamp flags stickers id channel_id pinned mention_everyone tts call
      activity application_id interaction nonce webhook_id message_reference mention_channels role_subscription_data
      purchase_notification position resolved shared_client_theme interaction_metadata lobby_member referenced_message`.split(
        /\s+/,
      ),
    );
    const known = new Set(Object.keys(FIELDS).map((name) => name.split(':')[0]));
    const fields = Object.keys(spec.MessageResponseSchema.shape);
    expect(fields).toContain('attachments');
    expect(fields.filter((name) => !known.has(name) && !without.has(name))).toEqual([]);
  });

  it('what is hidden stays hidden, and a description becomes the alternative text', () => {
    const components = [
      { type: 17, spoiler: true, components: [{ type: 12, items: [{ media: media('a.png') }] }] },
      { type: 12, items: [{ media: media('b.png'), spoiler: true, description: 'my cat' }] },
      { type: 12, items: [{ media: media('c.png') }] },
    ];
    const { images } = imagesOf({ components } as unknown as APIMessage, source);
    expect(images.map(({ spoiler, alt }) => [spoiler, alt])).toEqual([
      [true, undefined],
      [true, 'my cat'],
      [false, undefined],
    ]);
  });
});

describe('Apps > Cartoonize', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.end());

  const menu = async (more: Partial<APIMessage>) => {
    const { people, world, guild, here } = stage;
    const target = people.write(world.person('sam'), guild.channel, { more });
    return (await people.messageMenu(world.person('tom'), here, 'Cartoonize', target)).until();
  };

  it('draws what a container of components shows', async () => {
    const inner = stage.world.attach(await upload({ bytes: await photo(64, 20) }));
    const gallery = { type: 12, items: [{ media: { url: inner.url, content_type: 'image/jpeg' } }] };
    const reply = await menu({ components: [{ type: 17, components: [gallery] }] as never });
    expect((await pictureAt(reply.attachments[0]?.url ?? '')).width).toBe(64);
  });

  it.each([
    [
      'an embed without a copy on Discord',
      { embeds: [{ image: { url: `${THERE}/x.jpg`, proxy_url: `${THERE}/x.jpg` } }] },
    ],
    [
      'a gallery of another site',
      {
        components: [{ type: 12, items: [{ media: { url: `${THERE}/x.jpg`, content_type: 'image/jpeg' } }] }],
      },
    ],
  ])('says of %s that only pictures on Discord are fetched', async (_, message) => {
    expect((await menu(message as never)).content).toBe(texts.input.linkNotAllowed);
  });
});
