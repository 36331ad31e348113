import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ConversationOptions,
  type ConversationService,
  createConversation,
} from '../../../src/bots/conversation/conversation.ts';
import { FilePreferences } from '../../../src/bots/conversation/preferences/file-preferences.ts';
import type { Messenger, PhotoRequest, Status } from '../../../src/bots/conversation/types.ts';
import type { Cartoon, CartoonEngine, CartoonizeOptions, Style } from '../../../src/inference/types.ts';
import { cartoonProcessor } from '../../../src/queue/cartoon-processor.ts';
import { createMemoryQueue, type MemoryQueueOptions } from '../../../src/queue/memory/memory-queue.ts';
import type { Job, Queue } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import { MemoryBlobStore, noJournal } from '../../support/memory-blobs.ts';

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 10_000, interval: 10 };
const styles: Style[] = ['3d', 'anime'].map((id) => {
  return { id, title: id, titles: {}, description: id, descriptions: {} };
});

interface Reply {
  readonly chat: number;
  readonly status?: number;
}

/** An engine that draws when the test says so. */
class HandEngine implements CartoonEngine {
  readonly styles = styles;
  readonly calls: { photo: Uint8Array; options: CartoonizeOptions }[] = [];
  readonly pending: ((result: Cartoon | Error) => void)[] = [];
  cartoonize(photo: Uint8Array, options: CartoonizeOptions): Promise<Cartoon> {
    this.calls.push({ photo, options });
    return new Promise((resolve, reject) => {
      this.pending.push((result) => (result instanceof Error ? reject(result) : resolve(result)));
      options.signal?.addEventListener('abort', () => reject(new DctoonError('cancelled')));
    });
  }
  async close(): Promise<void> {}
}

function cartoon(): Cartoon {
  const timings = { decode: 1, faces: 1, style: 1, blend: 1, encode: 1, total: 5 };
  return { image: new Uint8Array([1, 2]), format: 'jpeg', width: 8, height: 8, faces: 1, timings };
}

/** Everything a platform would see, in order. */
class RecordingMessenger implements Messenger<Reply> {
  readonly platform = 'telegram';
  readonly seen: {
    what: string;
    job: Job;
    reply: Reply;
    status?: Status;
    error?: DctoonError;
    at: number;
  }[] = [];
  /** Milliseconds an edit takes. */
  editMs = 0;
  /** Edits that have begun. */
  edits = 0;
  /** Runs before each answer; may throw. */
  beforeAnswer = () => {};
  async showStatus(job: Job, reply: Reply, status: Status): Promise<Reply> {
    this.edits += 1;
    if (this.editMs > 0) await new Promise((resolve) => setTimeout(resolve, this.editMs));
    this.seen.push({ what: status.kind, job, reply, status, at: Date.now() });
    return reply.status === undefined ? { ...reply, status: 1000 + reply.chat } : reply;
  }
  async deliver(job: Job, reply: Reply, _cartoon: Cartoon): Promise<void> {
    this.beforeAnswer();
    this.seen.push({ what: 'cartoon', job, reply, at: Date.now() });
  }
  async fail(job: Job, reply: Reply, error: DctoonError): Promise<void> {
    this.beforeAnswer();
    this.seen.push({ what: error.code, job, reply, error, at: Date.now() });
  }
  of(id: string): string[] {
    return this.seen.filter(({ job }) => job.id === id).map(({ what }) => what);
  }
}

describe('conversation', () => {
  let folder: string;
  let engine: HandEngine;
  let messenger: RecordingMessenger;
  let queue: Queue;
  let preferences: FilePreferences;
  let conversation: ConversationService;
  /** A tenth of the real pace. */
  const pace = { delayMs: 200, intervalMs: 300, soonMs: 300, perSecond: 100 };

  const open = async (options: Partial<ConversationOptions & MemoryQueueOptions> = {}) => {
    queue = await createMemoryQueue({
      concurrency: 1,
      limit: 20,
      limitPerUser: 5,
      blobs: new MemoryBlobStore(),
      journal: noJournal,
      log,
      expectedMs: 5000,
      answerBackoffMs: () => 10,
      closeMs: 100,
      ...options,
    });
    conversation = createConversation({
      queue,
      styles,
      defaultStyle: '3d',
      preferences,
      log,
      pace,
      ...options,
    });
    conversation.attach(messenger);
    queue.process(cartoonProcessor(engine));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-'));
    engine = new HandEngine();
    messenger = new RecordingMessenger();
    preferences = await FilePreferences.open({ file: join(folder, 'preferences.json'), log });
  });
  afterEach(async () => {
    await queue.close();
    await conversation.close();
    await rm(folder, { recursive: true });
  });

  const request = (id: string, fields: Partial<PhotoRequest<Reply>> = {}): PhotoRequest<Reply> => ({
    id,
    user: `tg-${id.replace(/\d+$/, '')}`,
    locale: 'en',
    reply: { chat: 7 },
    fetch: async () => new TextEncoder().encode(id),
    ...fields,
  });
  const accept = (id: string, fields: Partial<PhotoRequest<Reply>> = {}) =>
    conversation.accept('telegram', request(id, fields));
  const draw = async (result: Cartoon | Error = cartoon()) => {
    await vi.waitFor(() => expect(engine.pending.length).toBeGreaterThan(0), PATIENCE);
    engine.pending.shift()?.(result);
  };
  const seen = (id: string, what: string) =>
    vi.waitFor(() => expect(messenger.of(id)).toContain(what), PATIENCE);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: DctoonError) => error.code,
    );

  describe('accept', () => {
    it('hands the photo to the engine as it was asked, and the cartoon back to the messenger', async () => {
      await open();
      const submission = await accept('a0', { style: 'anime', format: 'png', maxBytes: 99, locale: 'de' });
      expect(submission).toMatchObject({ id: 'a0', duplicate: false });
      await draw();
      await seen('a0', 'cartoon');
      expect(engine.calls[0]?.options).toMatchObject({ style: 'anime', format: 'png', maxBytes: 99 });
      expect(Buffer.from(engine.calls[0]?.photo ?? []).toString()).toBe('a0');
      expect(messenger.seen[0]).toMatchObject({
        reply: { chat: 7 },
        job: { locale: 'de', reply: { chat: 7 } },
      });
    });

    it("uses the user's own style, else the default", async () => {
      await open();
      expect(conversation.styleOf('tg-a')).toBe('3d');
      await conversation.setStyle('tg-a', 'anime');
      await accept('a0');
      await accept('b0');
      await draw();
      await draw();
      expect(engine.calls.map(({ options }) => options.style)).toEqual(['anime', '3d']);
    });

    it("uses the user's own strength, else the usual one, which no job needs to name", async () => {
      await open();
      expect(conversation.strengthOf('tg-a')).toBe(100);
      await conversation.setStrength('tg-a', 60);
      await accept('a0');
      await accept('b0');
      await accept('a1', { strength: 120 });
      for (let i = 0; i < 3; i++) await draw();
      expect(engine.calls.map(({ options }) => options.strength)).toEqual([60, undefined, 120]);
      for (const wrong of [151, -1, 50.5, Number.NaN]) {
        await expect(conversation.setStrength('tg-a', wrong)).rejects.toThrow(RangeError);
      }
    });

    it('falls back to the default when a chosen style is no longer there', async () => {
      preferences.setStyle('tg-a', 'gone');
      await open();
      expect(conversation.styleOf('tg-a')).toBe('3d');
    });

    it('refuses unknown styles, and never offers one', async () => {
      await open();
      const fetch = vi.fn(async () => new Uint8Array(1));
      expect(await code(accept('a0', { style: 'nope', fetch }))).toBe('unknown_style');
      expect(await code(conversation.setStyle('tg-a', 'nope'))).toBe('unknown_style');
      expect(fetch).not.toHaveBeenCalled();
      expect(() => createConversation({ queue, styles, defaultStyle: 'nope', preferences, log })).toThrow();
    });

    it('refuses too large photos, announced ones without a download', async () => {
      await open({ maxBytes: 2 * 1024 ** 2 });
      const fetch = vi.fn(async () => new Uint8Array(3 * 1024 ** 2));
      const refused = accept('a0', { announcedBytes: 3 * 1024 ** 2, fetch });
      await expect(refused).rejects.toMatchObject({ code: 'too_large', details: { megabytes: 2 } });
      expect(fetch).not.toHaveBeenCalled();
      expect(await code(accept('a0', { fetch }))).toBe('too_large');
      expect(queue.counts().queued).toBe(0);
    });

    it('refuses at the limits, and when the wait would be too long, without a download', async () => {
      await open({ limitPerUser: 1, limit: 2 });
      const fetch = vi.fn(async () => new Uint8Array(1));
      await accept('a0');
      expect(await code(accept('a1', { fetch }))).toBe('user_limit');
      expect(await code(accept('b0', { fetch, maxWaitMs: 100 }))).toBe('wait_too_long');
      expect(await code(accept('b0', { fetch, expiresAt: Date.now() + 100 }))).toBe('wait_too_long');
      await accept('b0', { maxWaitMs: 60_000 });
      expect(await code(accept('c0', { fetch }))).toBe('queue_full');
      expect(fetch).not.toHaveBeenCalled();
    });

    it('makes every failed download a download_failed, whatever it threw', async () => {
      await open({ downloadMs: 100 });
      const failing = async () => {
        throw new TypeError('fetch failed https://api.telegram.org/file/bot1:SECRET/x');
      };
      const error = await accept('a0', { fetch: failing }).catch((thrown: DctoonError) => thrown);
      expect(error).toMatchObject({ code: 'download_failed' });
      expect((error as DctoonError).message).not.toContain('SECRET');
      const hanging = (signal: AbortSignal) =>
        new Promise<Uint8Array>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      expect(await code(accept('a1', { fetch: hanging }))).toBe('download_failed');
      expect(await code(accept('a2', { fetch: () => Promise.reject(new DctoonError('too_large')) }))).toBe(
        'too_large',
      );
      // The same id may be sent again after a failure.
      expect(await accept('a0')).toMatchObject({ duplicate: false });
    });

    it('takes a repeated request in once, while it is downloaded, worked on, and afterwards', async () => {
      await open();
      const fetch = vi.fn(async () => {
        await pause(50);
        return new Uint8Array(1);
      });
      const submissions = await Promise.all([
        accept('a0', { fetch }),
        accept('a0', { fetch }),
        accept('a0', { fetch }),
      ]);
      expect(submissions.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
      expect(await accept('a0', { fetch })).toMatchObject({ duplicate: true });
      await draw();
      await seen('a0', 'cartoon');
      await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
      expect(await accept('a0', { fetch })).toMatchObject({ duplicate: true });
      expect(fetch).toHaveBeenCalledTimes(1);
      expect(messenger.of('a0')).toEqual(['cartoon']);
    });

    it('downloads a bounded number of photos at the same time', async () => {
      await open({ downloads: 3 });
      let [now, most] = [0, 0];
      const fetch = async () => {
        most = Math.max(most, ++now);
        await pause(20);
        now -= 1;
        return new Uint8Array(1);
      };
      await Promise.all(
        Array.from({ length: 12 }, (_, index) => accept(`u${index}`, { user: `tg-${index}`, fetch })),
      );
      expect(most).toBe(3);
    });
  });

  describe('answers', () => {
    it('tells a failure with its code and numbers', async () => {
      await open();
      await accept('a0');
      await draw(new DctoonError('too_many_pixels', 'big', { details: { megapixels: 50 } }));
      await seen('a0', 'too_many_pixels');
      expect(messenger.seen.at(-1)?.error?.details).toEqual({ megapixels: 50 });
    });

    it('tries again when the messenger fails, with the newest reply target', async () => {
      await open();
      let failures = 2;
      messenger.beforeAnswer = () => {
        if (failures-- > 0) throw new Error('network down');
      };
      const answered = vi.fn();
      queue.on('done', ({ job }) => answered(job.id, job.reply));
      await accept('a0');
      await accept('b0');
      await seen('b0', 'queued');
      await draw();
      await draw();
      await seen('b0', 'cartoon');
      // The queue itself knows the status message too: after a restart it must be found again.
      await vi.waitFor(
        () => expect(answered).toHaveBeenCalledWith('b0', { chat: 7, status: 1007 }),
        PATIENCE,
      );
      await seen('a0', 'cartoon');
      expect(messenger.of('a0').filter((what) => what === 'cartoon')).toHaveLength(1);
      expect(messenger.seen.find(({ what, job }) => what === 'cartoon' && job.id === 'b0')).toMatchObject({
        reply: { chat: 7, status: 1007 },
        job: { reply: { chat: 7, status: 1007 } },
      });
    });

    it('cancels for the one who asked, and for nobody else', async () => {
      await open();
      await accept('a0');
      await accept('b0');
      expect(await conversation.cancel('b0', 'tg-a')).toBe(false);
      expect(await conversation.cancel('b0', 'tg-b')).toBe(true);
      await seen('b0', 'cancelled');
      expect(await conversation.cancel('b0', 'tg-b')).toBe(false);
      expect(await conversation.cancel('unknown', 'tg-b')).toBe(false);
      await draw();
      await seen('a0', 'cartoon');
    });
  });

  describe('status', () => {
    it('says nothing about a photo that is answered quickly', async () => {
      await open({ pace: { ...pace, delayMs: 1000 } });
      await accept('a0');
      await draw();
      await seen('a0', 'cartoon');
      await pause(1200);
      expect(messenger.of('a0')).toEqual(['cartoon']);
    });

    it('says nothing when the result is near', async () => {
      await open({ expectedMs: 250 });
      await accept('a0');
      await pause(900);
      expect(messenger.of('a0')).toEqual([]);
    });

    it('shows position and time after a while, edits the same message seldom, and stops with the answer', async () => {
      await open();
      await accept('a0');
      const before = Date.now();
      await accept('b0');
      await accept('c0');
      await seen('c0', 'queued');
      const first = messenger.seen.find(({ job }) => job.id === 'c0');
      expect((first?.at ?? 0) - before).toBeGreaterThanOrEqual(190);
      expect(first?.status).toMatchObject({ kind: 'queued', ahead: 1, etaSeconds: 15 });
      await draw();
      await vi.waitFor(() => {
        const statuses = messenger.seen.filter(({ job }) => job.id === 'c0').map(({ status }) => status);
        expect(statuses.at(-1)).toMatchObject({ kind: 'queued', ahead: 0 });
      }, PATIENCE);
      await draw();
      await draw();
      await seen('c0', 'cartoon');
      const edits = messenger.seen.filter(({ job, status }) => job.id === 'c0' && status);
      // The second and later ones know the message of the first.
      expect(edits.slice(1).every(({ reply }) => reply.status === 1007)).toBe(true);
      for (const [index, edit] of edits.entries()) {
        if (index > 0) expect(edit.at - (edits[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(290);
      }
      await pause(700);
      expect(messenger.of('c0').at(-1)).toBe('cartoon');
    });

    it('does not edit when nothing has changed', async () => {
      await open({ expectedMs: 2000 });
      await accept('a0');
      await accept('b0');
      await seen('b0', 'queued');
      await pause(1500);
      expect(messenger.of('b0')).toEqual(['queued']);
    });

    it('never lets an edit overtake the answer, however slow it is', async () => {
      await open();
      messenger.editMs = 400;
      await accept('a0');
      await vi.waitFor(() => expect(messenger.edits).toBe(1), PATIENCE);
      await draw();
      await seen('a0', 'cartoon');
      await pause(800);
      expect(messenger.of('a0')).toEqual(['processing', 'cartoon']);
      expect(messenger.seen.at(-1)?.reply).toEqual({ chat: 7, status: 1007 });
    });

    it('goes on without a status that cannot be shown', async () => {
      await open();
      messenger.showStatus = () => Promise.reject(new Error('flood'));
      await accept('a0');
      await pause(400);
      await draw();
      await seen('a0', 'cartoon');
    });

    it("keeps within the platform's budget of edits", async () => {
      await open({ pace: { ...pace, perSecond: 3 }, expectedMs: 60_000 });
      await Promise.all(
        Array.from({ length: 15 }, (_, index) => accept(`u${index}`, { user: `tg-${index}` })),
      );
      await vi.waitFor(() => expect(messenger.seen.length).toBeGreaterThanOrEqual(7), PATIENCE);
      // Three at once, three a second later, the seventh after another second.
      const times = messenger.seen.map(({ at }) => at);
      expect((times[6] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(900);
    });

    it('tells those who wait that their photo is kept, and nobody else', async () => {
      await open();
      await accept('a0');
      await accept('b0');
      await draw();
      await seen('a0', 'cartoon');
      await conversation.restarting();
      expect(messenger.of('b0').at(-1)).toBe('restarting');
      expect(messenger.of('a0')).not.toContain('restarting');
      await pause(700);
      expect(messenger.of('b0').at(-1)).toBe('restarting');
      await draw();
      await seen('b0', 'cartoon');
    });
  });

  describe('forget', () => {
    it('deletes style and hints, and says what there was', async () => {
      await open();
      await conversation.setStyle('tg-a', 'anime');
      await conversation.setStrength('tg-a', 60);
      await conversation.setStyle('tg-b', 'anime');
      await conversation.firstTime('tg-a', 'no-face');
      expect(await conversation.forget('tg-a')).toEqual({ style: true, strength: true, hints: 1, photos: 0 });
      const file = await readFile(join(folder, 'preferences.json'), 'utf8');
      expect(Object.keys(JSON.parse(file).users)).toEqual(['tg-b']);
      expect(conversation.styleOf('tg-a')).toBe('3d');
      expect(conversation.styleOf('tg-b')).toBe('anime');
      expect(await conversation.forget('tg-a')).toEqual({
        style: false,
        strength: false,
        hints: 0,
        photos: 0,
      });
    });

    it("takes this user's photos out of the queue, and nobody else's", async () => {
      await open();
      for (const id of ['a0', 'a1', 'b0']) await accept(id);
      await vi.waitFor(() => expect(engine.pending).toHaveLength(1), PATIENCE);
      expect(await conversation.forget('tg-a')).toMatchObject({ photos: 2 });
      await seen('a0', 'cancelled');
      await seen('a1', 'cancelled');
      engine.pending.shift();
      await draw();
      await seen('b0', 'cartoon');
      expect(engine.calls).toHaveLength(2);
    });

    it('ends downloads, those too that do not heed their signal or wait for their turn', async () => {
      await open({ downloads: 1 });
      let downloads = 0;
      const fetch = () => {
        downloads += 1;
        return new Promise<Uint8Array>(() => {});
      };
      const refused = ['a0', 'a1'].map((id) => code(accept(id, { fetch })));
      await vi.waitFor(() => expect(downloads).toBe(1), PATIENCE);
      expect(await conversation.forget('tg-a')).toEqual({
        style: false,
        strength: false,
        hints: 0,
        photos: 2,
      });
      expect(await Promise.all(refused)).toEqual(['cancelled', 'cancelled']);
      expect(queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 });
    });

    it('catches a photo on its way into the queue', async () => {
      await open();
      const submit = queue.submit.bind(queue);
      let forgotten: Promise<unknown> = Promise.resolve();
      queue.submit = (...parts) => {
        forgotten = conversation.forget('tg-a');
        return submit(...parts);
      };
      await accept('a0');
      expect(await forgotten).toMatchObject({ photos: 1 });
      await seen('a0', 'cancelled');
    });
  });

  it('gives one-time hints once, over restarts', async () => {
    await open();
    expect(await conversation.firstTime('tg-a', 'no-face')).toBe(true);
    expect(await conversation.firstTime('tg-a', 'no-face')).toBe(false);
    expect(await conversation.firstTime('tg-b', 'no-face')).toBe(true);
    await conversation.setStyle('tg-a', 'anime');
    await conversation.setStrength('tg-a', 60);
    await conversation.close();
    preferences = await FilePreferences.open({ file: join(folder, 'preferences.json'), log });
    await queue.close();
    await open();
    expect(await conversation.firstTime('tg-a', 'no-face')).toBe(false);
    expect(conversation.styleOf('tg-a')).toBe('anime');
    expect(conversation.strengthOf('tg-a')).toBe(60);
  });
});
