import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Journal, JournalEntry, Recovered } from '../../../src/queue/memory/journal.ts';
import { createMemoryQueue, type MemoryQueueOptions } from '../../../src/queue/memory/memory-queue.ts';
import type { Job, Outcome, Queue } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import { cartoonKey, photoKey } from '../../../src/storage/blobs/types.ts';
import { MemoryBlobStore, noJournal } from '../../support/memory-blobs.ts';
import { describeQueue } from '../contract.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 10_000, interval: 10 };

describeQueue('in memory', (options) =>
  createMemoryQueue({ ...options, blobs: new MemoryBlobStore(), journal: noJournal, log }),
);

/** A durable journal as far as the queue can tell: survives the queue, not the test. */
class TestJournal implements Journal {
  readonly durable = true;
  readonly entries = new Map<string, JournalEntry>();
  readonly finished: string[] = [];
  readonly history: string[] = [];
  async record(entry: JournalEntry): Promise<void> {
    this.history.push(`${entry.job.id} ${entry.state}`);
    this.entries.set(entry.job.id, entry);
  }
  async finish(entry: JournalEntry, how: string): Promise<void> {
    this.history.push(`${entry.job.id} ${how}`);
    this.entries.delete(entry.job.id);
    this.finished.push(entry.job.id);
  }
  async recover(): Promise<Recovered> {
    return { entries: [...this.entries.values()], finished: this.finished };
  }
  async close(): Promise<void> {}
}

describe('the queue in memory', () => {
  const queues: Queue[] = [];
  const answers: { job: Job; outcome: Outcome }[] = [];
  const open = async (options: Partial<MemoryQueueOptions> = {}) => {
    const queue = await createMemoryQueue({
      concurrency: 1,
      limit: 100,
      limitPerUser: 10,
      blobs: new MemoryBlobStore(),
      journal: noJournal,
      log,
      closeMs: 300,
      answerBackoffMs: () => 5,
      ...options,
    });
    queue.onOutcome('telegram', async (job, outcome) => void answers.push({ job, outcome }));
    queues.push(queue);
    return queue;
  };
  const codes = () => answers.map(({ outcome }) => (outcome.ok ? 'ok' : outcome.error.code));
  const photo = new Uint8Array([1, 2, 3]);
  const hang = ({ signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    answers.length = 0;
  });

  it('lets go of photo and cartoon when a job is over', async () => {
    const blobs = new MemoryBlobStore();
    const queue = await open({ blobs });
    queue.process(async (task) => cartoonOf(task.photo));
    await queue.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
    expect(blobs.bytes).toBe(0);
  });

  it('refuses a photo the store has no room for, and can take it later', async () => {
    const queue = await open({ blobs: new MemoryBlobStore({ maxBytes: 5 }) });
    await queue.submit(newJob('a0'), photo);
    await expect(queue.submit(newJob('a1'), photo)).rejects.toMatchObject({ code: 'storage_full' });
    expect(queue.counts()).toMatchObject({ queued: 1 });
    queue.process(async () => cartoonOf(new Uint8Array([9])));
    await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
    expect(await queue.submit(newJob('a1'), photo)).toMatchObject({ duplicate: false });
  });

  it('answers from memory when the store has no room for the cartoon', async () => {
    const queue = await open({ blobs: new MemoryBlobStore({ maxBytes: 5 }) });
    queue.process(async () => cartoonOf(new Uint8Array(1000)));
    await queue.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(codes()).toEqual(['ok']), PATIENCE);
  });

  it('answers every queued and processing photo when it is closed without a journal', async () => {
    const queue = await open();
    queue.process(hang);
    for (const id of ['a0', 'b0', 'c0']) await queue.submit(newJob(id), photo);
    await queue.close();
    expect(codes()).toEqual(['shutting_down', 'shutting_down', 'shutting_down']);
    await expect(queue.submit(newJob('d0'), photo)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('closes in time although a handler and a responder hang', async () => {
    const queue = await open();
    queue.onOutcome('telegram', () => new Promise(() => {}));
    queue.process(() => new Promise(() => {}));
    await queue.submit(newJob('a0'), photo);
    const before = Date.now();
    await queue.close();
    expect(Date.now() - before).toBeLessThan(5000);
  });

  describe('with a durable journal', () => {
    it('writes every step before the next', async () => {
      const journal = new TestJournal();
      const queue = await open({ journal });
      queue.process(async (task) => cartoonOf(task.photo));
      await queue.submit(newJob('a0'), photo);
      await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
      expect(journal.history).toEqual(['a0 queued', 'a0 processing', 'a0 delivering', 'a0 done']);
    });

    it('takes nothing in that could not be written', async () => {
      const journal = new TestJournal();
      journal.record = async () => {
        throw new DctoonError('storage_full');
      };
      const blobs = new MemoryBlobStore();
      const queue = await open({ journal, blobs });
      await expect(queue.submit(newJob('a0'), photo)).rejects.toMatchObject({ code: 'storage_full' });
      expect(queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 });
      expect(blobs.bytes).toBe(0);
    });

    it('keeps waiting and interrupted photos for the next process, which answers them', async () => {
      const [journal, blobs] = [new TestJournal(), new MemoryBlobStore()];
      const first = await open({ journal, blobs });
      first.process(hang);
      await first.submit(newJob('a0'), photo);
      await first.submit(newJob('b0', { reply: { chat: 5 } }), photo);
      expect(await first.drain(50)).toBe(2);
      await first.close();
      expect(answers).toEqual([]);

      const second = await open({ journal, blobs });
      expect(await second.submit(newJob('a0'), photo)).toMatchObject({ duplicate: true, state: 'queued' });
      const events: string[] = [];
      second.on('queued', ({ job }) => events.push(job.id));
      second.process(async (task) => cartoonOf(task.photo));
      await vi.waitFor(() => expect(codes()).toEqual(['ok', 'ok']), PATIENCE);
      expect(events).toEqual(['a0', 'b0']);
      expect(answers.map(({ job }) => [job.id, job.attempt])).toEqual([
        ['a0', 1],
        ['b0', 1],
      ]);
      expect(answers[1]?.job.reply).toEqual({ chat: 5 });
    });

    it('counts the attempt of a process that died, and gives up after three', async () => {
      const job: Job = { ...newJob('a0'), createdAt: Date.now(), attempt: 1 };
      const worn: Job = { ...newJob('b0'), createdAt: Date.now(), attempt: 3 };
      const [journal, blobs] = [new TestJournal(), new MemoryBlobStore()];
      for (const entry of [job, worn]) {
        await journal.record({ job: entry, state: 'processing' });
        await blobs.put(photoKey(entry.id), photo);
      }
      const queue = await open({ journal, blobs });
      queue.process(async (task) => cartoonOf(task.photo));
      await vi.waitFor(() => expect(answers).toHaveLength(2), PATIENCE);
      const outcome = (id: string) => answers.find((answer) => answer.job.id === id);
      expect(outcome('a0')).toMatchObject({ job: { attempt: 2 }, outcome: { ok: true } });
      expect(outcome('b0')).toMatchObject({ outcome: { ok: false, error: { code: 'crashed' } } });
    });

    it('only sends the answer again of what was rendered', async () => {
      const job: Job = { ...newJob('a0'), createdAt: Date.now(), attempt: 1 };
      const [journal, blobs] = [new TestJournal(), new MemoryBlobStore()];
      const { image, ...cartoon } = cartoonOf(new Uint8Array([7, 7]));
      await journal.record({ job, state: 'delivering', outcome: { ok: true, cartoon } });
      await blobs.put(photoKey('a0'), photo);
      await blobs.put(cartoonKey('a0'), image);
      const handler = vi.fn(async () => cartoonOf(photo));
      const queue = await open({ journal, blobs });
      queue.process(handler);
      await vi.waitFor(() => expect(answers).toHaveLength(1), PATIENCE);
      expect(answers[0]?.outcome).toMatchObject({
        ok: true,
        cartoon: { image: new Uint8Array([7, 7]), width: 8 },
      });
      expect(handler).not.toHaveBeenCalled();
    });

    it('draws again when a rendered picture is gone', async () => {
      const job: Job = { ...newJob('a0'), createdAt: Date.now(), attempt: 1 };
      const [journal, blobs] = [new TestJournal(), new MemoryBlobStore()];
      const { image: _, ...cartoon } = cartoonOf(photo);
      await journal.record({ job, state: 'delivering', outcome: { ok: true, cartoon } });
      await blobs.put(photoKey('a0'), photo);
      const queue = await open({ journal, blobs });
      queue.process(async (task) => cartoonOf(task.photo));
      await vi.waitFor(() => expect(codes()).toEqual(['ok']), PATIENCE);
    });

    it('does not answer again what the last process had finished', async () => {
      const journal = new TestJournal();
      journal.finished.push('a0');
      const queue = await open({ journal });
      queue.process(async (task) => cartoonOf(task.photo));
      expect(await queue.submit(newJob('a0'), photo)).toMatchObject({ duplicate: true });
      expect(queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 });
    });

    it('keeps an answer that could not be sent before the end', async () => {
      const [journal, blobs] = [new TestJournal(), new MemoryBlobStore()];
      const first = await open({ journal, blobs, answerBackoffMs: () => 60_000 });
      first.onOutcome('telegram', () => Promise.reject(new Error('network down')));
      first.process(async (task) => cartoonOf(task.photo));
      await first.submit(newJob('a0'), photo);
      await vi.waitFor(() => expect(journal.history).toContain('a0 delivering'), PATIENCE);
      await first.close();
      const second = await open({ journal, blobs });
      second.process(hang);
      await vi.waitFor(() => expect(codes()).toEqual(['ok']), PATIENCE);
    });
  });
});
