import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Api } from 'grammy';
import type { Message } from 'grammy/types';
import { describe, expect, it, vi } from 'vitest';
import { understand } from '../../../src/bots/telegram/incoming/intent.ts';
import { ResultCache } from '../../../src/bots/telegram/outgoing/file-id-cache.ts';
import {
  decodePress,
  encodePress,
  type Press,
  styleButtons,
} from '../../../src/bots/telegram/outgoing/keyboards.ts';
import { Pacing } from '../../../src/bots/telegram/outgoing/rate-limiter.ts';
import type { Outbox } from '../../../src/bots/telegram/outgoing/sender.ts';
import { StatusBoard } from '../../../src/bots/telegram/outgoing/status-messages.ts';
import type { TelegramReply } from '../../../src/bots/telegram/types.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Job } from '../../../src/queue/types.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { STYLES } from './engine.ts';

describe('callback data', () => {
  const style = fc.stringMatching(/^[\w-]{1,30}$/);
  const requester = fc.integer({ min: -1_999_999_999_999, max: 9_999_999_999 });
  const press: fc.Arbitrary<Press> = fc.oneof(
    fc.record({ kind: fc.constant('draw' as const), requester, style }),
    fc.record({ kind: fc.constant('choose' as const), style }),
    fc.record({ kind: fc.constant('cancel' as const), requester, job: style }),
    fc.record({ kind: fc.constant('cancelAlbum' as const), requester, album: style }),
  );

  it('comes back as it was, within 64 bytes', () => {
    fc.assert(
      fc.property(press, (original) => {
        const data = encodePress(original);
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
        expect(decodePress(data)).toEqual(original);
      }),
    );
  });

  it('of any other kind is nothing', () => {
    fc.assert(
      fc.property(fc.string(), (data) => {
        const decoded = decodePress(data);
        if (decoded) expect(data).toMatch(/^[sdca]:/);
      }),
    );
  });

  it('of a long job of a supergroup still fits', () => {
    const data = encodePress({
      kind: 'cancel',
      requester: 9_999_999_999,
      job: 'tg--1002147483647-2147483647',
    });
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
  });

  it('of one style only gives no keyboard', () => {
    expect(styleButtons(STYLES.slice(0, 1), '3d', 1, createTexts('en'))).toBeUndefined();
  });
});

describe('understanding', () => {
  it('never fails, whatever the text and its entities', () => {
    const entity = fc.record({
      type: fc.constantFrom(
        'bot_command' as const,
        'mention' as const,
        'text_mention' as const,
        'bold' as const,
      ),
      offset: fc.integer({ min: -5, max: 50 }),
      length: fc.integer({ min: -5, max: 50 }),
      user: fc.constant({ id: 1, is_bot: true, first_name: 'x' }),
    });
    const message = fc.record({
      text: fc.string({ unit: 'grapheme' }),
      entities: fc.array(entity, { maxLength: 5 }),
      type: fc.constantFrom('private', 'supergroup'),
    });
    fc.assert(
      fc.property(message, ({ text, entities, type }) => {
        const chat = { id: 1, type, first_name: 'x' };
        understand({ message_id: 1, date: 1, chat, text, entities } as unknown as Message, {
          id: 1,
          username: 'b',
        });
      }),
    );
  });
});

describe('pacing', () => {
  it('spaces messages of a chat and keeps groups under their budget', () => {
    const pacing = new Pacing({ messageMs: 1000, perGroup: 20, groupWindowMs: 60_000 });
    const start = 1_000_000;
    expect([0, 1, 2].map(() => pacing.reserve(5, true, start) - start)).toEqual([0, 1000, 2000]);
    const times = Array.from({ length: 45 }, () => pacing.reserve(-5, true, start));
    for (const from of times)
      expect(times.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(20);
    expect((times.at(-1) ?? 0) - start).toBeGreaterThanOrEqual(120_000);
  });

  it('keeps the distance also when the process stood still', async () => {
    const pacing = new Pacing({ messageMs: 200 });
    const sent: number[] = [];
    const send = () =>
      pacing.transformer(
        async () => {
          sent.push(Date.now());
          return { ok: true, result: true as never };
        },
        'sendMessage',
        { chat_id: 5, text: 'x' },
      );
    const all = Promise.all([send(), send(), send(), send()]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const until = Date.now() + 900;
    while (Date.now() < until);
    await all;
    const gaps = sent.slice(1).map((at, index) => at - (sent[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(195);
  });

  it('lets status messages use half of a group budget, and none of the next message', () => {
    const pacing = new Pacing({ messageMs: 1000, perGroup: 20, groupWindowMs: 60_000 });
    let now = 1_000_000;
    let shown = 0;
    for (; now < 1_050_000; now += 1000) {
      if (!pacing.allowsStatus(-5, now)) continue;
      pacing.reserve(-5, true, now);
      shown++;
    }
    expect(shown).toBe(10);
    expect(pacing.reserve(-5, true, now) - now).toBe(0);
  });
});

describe('the status board', () => {
  it('edits at most every 3 s, only when the text changes, and is quiet after the answer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const edits: string[] = [];
      const api = {
        editMessageText: async (_chat: number, _message: number, text: string) => void edits.push(text),
        deleteMessage: async () => void edits.push('deleted'),
      } as unknown as Api;
      const outbox = { text: async (_: unknown, text: string) => ({ message_id: edits.push(text) }) };
      const pacing = new Pacing({ messageMs: 0 });
      const board = new StatusBoard({ api, pacing, outbox: outbox as unknown as Outbox });
      const reply: TelegramReply = { chat: 5, message: 1, form: 'photo', requester: 5, photo: 'x' };
      const job = { id: 'tg-5-1' } as Job;
      const texts = createTexts('en');
      const show = (ahead: number) =>
        board.show(job, reply, { kind: 'waiting', ahead, etaSeconds: 60 }, texts);
      for (let tick = 0; tick < 100; tick++) {
        vi.setSystemTime(1_000_000 + tick * 100);
        await show(Math.min(tick, 60));
      }
      // 10 s: sent at once, then at 3 s and 6 s; after that nothing changed.
      expect(edits).toHaveLength(3);
      await board.leave(job.id, reply, texts);
      await show(1);
      expect(edits.slice(3)).toEqual(['deleted']);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the result cache', () => {
  it('survives damage, other epochs and its own limit', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-results-'));
    const file = join(folder, 'deep', 'results.jsonl');
    const logger = createLogger({ level: 'silent' });
    const open = async (epoch: string, limit = 3) => {
      const cache = new ResultCache({ file, epoch, limit, logger });
      await cache.load();
      return cache;
    };
    try {
      const first = await open('a');
      for (const unique of ['1', '2', '3', '4']) first.put([{ unique }], '3d', 'photo', `id ${unique}`);
      expect(first.get({ unique: '1' }, '3d', 'photo')).toBeUndefined();
      expect(first.get({ unique: '4' }, '3d', 'photo')).toBe('id 4');
      expect(first.get({ unique: '4' }, '3d', 'document')).toBeUndefined();
      expect(first.get({ digest: '4' }, '3d', 'photo')).toBeUndefined();
      await first.close();
      await writeFile(file, `${await readFile(file, 'utf8')}garbage\n["half`);
      const second = await open('a');
      expect(second.get({ unique: '4' }, '3d', 'photo')).toBe('id 4');
      await second.close();
      expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);
      // The file does not grow for ever either.
      const third = await open('a');
      for (let i = 0; i < 50; i++) third.put([{ unique: `x${i}` }], '3d', 'photo', `id ${i}`);
      await third.close();
      expect((await readFile(file, 'utf8')).trim().split('\n').length).toBeLessThanOrEqual(6);
      const other = await open('b');
      expect(other.get({ unique: '4' }, '3d', 'photo')).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
