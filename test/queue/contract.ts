/** What `src/queue/types.ts` promises, as tests: every queue engine runs them (`describeQueue` in its own test file). */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cartoon } from '../../src/inference/types.ts';
import type { Job, JobRequest, JobRun, Outcome, Queue } from '../../src/queue/types.ts';
import { DctoonError } from '../../src/shared/errors.ts';
import { cartoonOf, newJob } from './jobs.ts';

export interface QueueFactoryOptions {
  readonly concurrency: number;
  readonly limit: number;
  readonly limitPerUser: number;
  readonly expectedMs: number;
  readonly answerAttempts: number;
  readonly answerBackoffMs: () => number;
  readonly closeMs: number;
}

/** Opens an empty queue of its own; the suite closes it. */
export type QueueFactory = (options: QueueFactoryOptions) => Promise<Queue>;

const PATIENCE = { timeout: 10_000, interval: 10 };

const photo = (text = 'photo') => new TextEncoder().encode(text);

export function describeQueue(name: string, factory: QueueFactory): void {
  describe(`${name}: the queue contract`, () => {
    let queue: Queue;
    /** Answers in order of arrival. */
    let answers: { job: Job; outcome: Outcome }[];
    /** Jobs the handler was given, in order. */
    let runs: JobRun[];
    let finish: Map<string, { resolve: (cartoon?: Cartoon) => void; reject: (error: Error) => void }>;
    let running: number;
    let mostRunning: number;

    const open = async (options: Partial<QueueFactoryOptions> = {}) => {
      await queue?.close();
      queue = await factory({
        concurrency: 1,
        limit: 100,
        limitPerUser: 50,
        expectedMs: 1000,
        answerAttempts: 4,
        answerBackoffMs: () => 10,
        closeMs: 1000,
        ...options,
      });
      queue.onOutcome('telegram', async (job, outcome) => void answers.push({ job, outcome }));
    };

    /** A handler that returns when the test says so, or when the job is aborted. */
    const byHand = (task: JobRun) => {
      runs.push(task);
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      return new Promise<Cartoon>((resolve, reject) => {
        finish.set(task.job.id, { resolve: (cartoon) => resolve(cartoon ?? cartoonOf(task.photo)), reject });
        task.signal.addEventListener('abort', () => reject(task.signal.reason));
      }).finally(() => {
        running -= 1;
      });
    };
    const atOnce = async (task: JobRun) => {
      runs.push(task);
      return cartoonOf(task.photo);
    };
    const submit = (id: string, fields: Partial<JobRequest> = {}) =>
      queue.submit(newJob(id, fields), photo(id));
    const started = (id: string) =>
      vi.waitFor(() => expect(runs.map((run) => run.job.id)).toContain(id), PATIENCE);
    // By number: an assertion about the answers themselves would print their pictures at every try.
    const answered = (count: number) => vi.waitFor(() => expect(answers.length).toBe(count), PATIENCE);
    const done = async (id: string) => {
      await started(id);
      const count = answers.length;
      finish.get(id)?.resolve();
      await answered(count + 1);
    };
    const code = (index: number) => {
      const outcome = answers[index]?.outcome;
      return outcome?.ok === false ? outcome.error.code : 'ok';
    };
    const refusal = async (promise: Promise<unknown>) => {
      const error = await promise.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DctoonError);
      return error as DctoonError;
    };

    beforeEach(() => {
      answers = [];
      runs = [];
      finish = new Map();
      running = 0;
      mostRunning = 0;
    });
    afterEach(() => queue.close());

    it('hands photo and job to the handler, and its cartoon to the responder of the platform', async () => {
      await open();
      const web: string[] = [];
      queue.onOutcome('web', async (job) => void web.push(job.id));
      queue.process(atOnce);
      const submission = await submit('a1', { maxBytes: 99, reply: { chat: 7, nested: ['x'] } });
      expect(submission).toMatchObject({ id: 'a1', duplicate: false });
      await submit('w1', { platform: 'web' });
      await answered(1);
      await vi.waitFor(() => expect(web).toEqual(['w1']), PATIENCE);
      const [answer] = answers;
      expect(answer?.job).toMatchObject({
        ...newJob('a1'),
        maxBytes: 99,
        reply: { chat: 7, nested: ['x'] },
        attempt: 1,
      });
      expect(Math.abs((answer?.job.createdAt ?? 0) - Date.now())).toBeLessThan(20_000);
      expect(answer?.outcome.ok && Buffer.from(answer.outcome.cartoon.image).toString()).toBe('a1');
      expect(answer?.outcome).toMatchObject({
        ok: true,
        cartoon: { width: 8, height: 8, faces: 1, format: 'jpeg' },
      });
      await vi.waitFor(() => expect(queue.status('a1')).toBeUndefined(), PATIENCE);
    });

    it('keeps its own copy of a job', async () => {
      await open();
      const reply = { chat: 1 };
      await submit('a1', { reply });
      reply.chat = 2;
      queue.process(atOnce);
      await answered(1);
      expect(answers[0]?.job.reply).toEqual({ chat: 1 });
    });

    it('keeps the order of photos that are sent together, whatever their size', async () => {
      await open();
      const ids = Array.from({ length: 10 }, (_, index) => `a${index}`);
      await Promise.all(
        ids.map((id, index) => queue.submit(newJob(id), new Uint8Array(2_000_000 / (index + 1)))),
      );
      queue.process(atOnce);
      await answered(10);
      expect(runs.map((run) => run.job.id)).toEqual(ids);
    });

    it('runs a user in order, and users in turns', async () => {
      await open();
      for (const id of ['a0', 'a1', 'a2', 'a3', 'b0', 'c0', 'b1']) await submit(id);
      queue.process(atOnce);
      await answered(7);
      expect(runs.map((run) => run.job.id)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3']);
    });

    it('lets a newcomer go before the second photo of whoever is running already', async () => {
      await open();
      queue.process(byHand);
      await submit('a0');
      await started('a0');
      for (const id of ['a1', 'a2', 'b0', 'c0']) await submit(id);
      for (const id of ['a0', 'b0', 'c0', 'a1', 'a2']) await done(id);
      expect(runs.map((run) => run.job.id)).toEqual(['a0', 'b0', 'c0', 'a1', 'a2']);
    });

    it('never runs more than `concurrency` handlers, cancelled ones that have not returned included', async () => {
      await open({ concurrency: 2 });
      const stubborn: (() => void)[] = [];
      queue.process(async (task) => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        runs.push(task);
        await new Promise<void>((resolve) => stubborn.push(resolve));
        running -= 1;
        return cartoonOf(task.photo);
      });
      for (const id of ['a0', 'b0', 'c0', 'd0']) await submit(id);
      await started('b0');
      await queue.cancel('a0');
      await answered(1);
      expect(code(0)).toBe('cancelled');
      // The slot of a0 is still taken.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(runs).toHaveLength(2);
      for (let count = 2; count <= 4; count++) {
        await vi.waitFor(() => expect(stubborn.length).toBeGreaterThan(0), PATIENCE);
        stubborn.shift()?.();
        await vi.waitFor(() => expect(runs.length).toBeGreaterThanOrEqual(Math.min(4, count + 1)), PATIENCE);
      }
      while (stubborn.length > 0) stubborn.shift()?.();
      await answered(4);
      expect(mostRunning).toBe(2);
      expect(answers.map((_, index) => code(index)).sort()).toEqual(['cancelled', 'ok', 'ok', 'ok']);
    });

    it('refuses more than a user may have, and says how many and how long', async () => {
      await open({ limitPerUser: 2 });
      queue.process(byHand);
      await submit('a0');
      await submit('a1');
      const error = await refusal(submit('a2'));
      expect(error.code).toBe('user_limit');
      expect(error.details['limit']).toBe(2);
      expect(error.details['seconds']).toBeGreaterThan(0);
      expect((await refusal(queue.check(newJob('a3')))).code).toBe('user_limit');
      await submit('b0');
      await done('a0');
      await submit('a2');
    });

    it('tells every refusal once, and none when a photo is known', async () => {
      await open({ limitPerUser: 1, limit: 2 });
      const refusals: string[] = [];
      queue.on('refused', ({ job, error }) => refusals.push(`${job.id} ${error.code}`));
      queue.process(byHand);
      await submit('a0');
      await refusal(queue.check(newJob('a1')));
      await refusal(submit('a2'));
      await submit('b0');
      await refusal(submit('c0'));
      expect(await queue.check(newJob('a0'))).toMatchObject({ duplicate: true });
      expect(await submit('a0')).toMatchObject({ duplicate: true });
      expect(await queue.known('a3')).toBeUndefined();
      expect(await queue.known('b0')).toMatchObject({ duplicate: true });
      expect(refusals).toEqual(['a1 user_limit', 'a2 user_limit', 'c0 queue_full']);
    });

    it('refuses at once when full, also in a burst', async () => {
      await open({ limit: 5 });
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => submit(`x${index}`, { user: `tg-${index}` })),
      );
      const refused = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as DctoonError] : [],
      );
      expect(refused.map((error) => error.code)).toEqual(Array(15).fill('queue_full'));
      expect(refused[0]?.details['seconds']).toBeGreaterThan(0);
      expect((await refusal(queue.check(newJob('y1')))).code).toBe('queue_full');
      queue.process(atOnce);
      await answered(5);
      await vi.waitFor(() => expect(queue.counts().delivering).toBe(0), PATIENCE);
      await submit('y1');
    });

    it('tells position and expected time, and both shrink', async () => {
      await open({ expectedMs: 1000 });
      queue.process(byHand);
      await submit('a0');
      await started('a0');
      const b = await submit('b0');
      const c = await submit('c0');
      expect(b).toMatchObject({ state: 'queued', ahead: 0 });
      expect(c).toMatchObject({ state: 'queued', ahead: 1 });
      expect(c.etaMs).toBeGreaterThan(b.etaMs);
      expect(queue.status('a0')).toMatchObject({ state: 'processing', ahead: 0 });
      expect(queue.estimate('tg-d')).toBeGreaterThan(c.etaMs);
      expect(queue.estimate('tg-d')).toBeLessThanOrEqual(4000);
      await done('a0');
      await started('b0');
      const later = queue.status('c0');
      expect(later?.ahead).toBe(0);
      expect(later?.etaMs).toBeLessThan(c.etaMs);
    });

    it('learns from measured times', async () => {
      await open({ expectedMs: 60_000 });
      queue.process(atOnce);
      const before = queue.estimate('tg-a');
      await submit('a0');
      await answered(1);
      expect(before).toBe(60_000);
      expect(queue.estimate('tg-a')).toBeLessThan(10_000);
    });

    it('counts what is waiting, running and answering, per user and in all', async () => {
      await open();
      let release: (() => void) | undefined;
      queue.onOutcome('telegram', async (job, outcome) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        answers.push({ job, outcome });
      });
      queue.process(byHand);
      for (const id of ['a0', 'a1', 'b0']) await submit(id);
      await started('a0');
      expect(queue.counts()).toEqual({ queued: 2, processing: 1, delivering: 0 });
      expect(queue.counts('tg-a')).toEqual({ queued: 1, processing: 1, delivering: 0 });
      finish.get('a0')?.resolve();
      await started('b0');
      expect(queue.counts('tg-a')).toEqual({ queued: 1, processing: 0, delivering: 1 });
      expect(queue.status('a0')).toMatchObject({ state: 'delivering', ahead: 0 });
      await vi.waitFor(() => expect(release).toBeDefined(), PATIENCE);
      release?.();
      await answered(1);
    });

    it('reports progress', async () => {
      await open();
      const stages: string[] = [];
      queue.on('progress', ({ job, stage }) => stages.push(`${job.id} ${stage}`));
      queue.process(byHand);
      await submit('a0');
      await started('a0');
      runs[0]?.report('decode');
      runs[0]?.report('style');
      await vi.waitFor(() => expect(queue.status('a0')?.stage).toBe('style'), PATIENCE);
      expect(queue.status('a0')).not.toHaveProperty('faces');
      runs[0]?.report('style', { done: 3, total: 14 });
      const counted = { stage: 'style', faces: { done: 3, total: 14 } };
      await vi.waitFor(() => expect(queue.status('a0')).toMatchObject(counted), PATIENCE);
      await done('a0');
      expect(stages).toEqual(['a0 decode', 'a0 style', 'a0 style']);
    });

    it('tells the life of a job in events, until the listener is removed', async () => {
      await open();
      const events: string[] = [];
      const offs = (['queued', 'processing', 'delivering', 'done'] as const).map((event) =>
        queue.on(event, ({ job }) => events.push(`${event} ${job.id}`)),
      );
      queue.on('queued', () => {
        throw new Error('a broken listener');
      });
      queue.process(atOnce);
      await submit('a0');
      await vi.waitFor(() => expect(events).toHaveLength(4), PATIENCE);
      expect(events).toEqual(['queued a0', 'processing a0', 'delivering a0', 'done a0']);
      for (const off of offs) off();
      await submit('a1');
      await answered(2);
      expect(events).toHaveLength(4);
    });

    it('cancels a waiting job: it never runs, and those behind it move up', async () => {
      await open();
      queue.process(byHand);
      for (const id of ['a0', 'b0', 'c0']) await submit(id);
      await started('a0');
      expect(await queue.cancel('b0')).toBe(true);
      await answered(1);
      expect([answers[0]?.job.id, code(0)]).toEqual(['b0', 'cancelled']);
      expect(queue.status('c0')?.ahead).toBe(0);
      await done('a0');
      await done('c0');
      expect(runs.map((run) => run.job.id)).toEqual(['a0', 'c0']);
      expect(await queue.cancel('b0')).toBe(false);
    });

    it('cancels a running job: its signal aborts, and it is answered once', async () => {
      await open();
      queue.process(byHand);
      await submit('a0');
      await started('a0');
      expect(await queue.cancel('a0')).toBe(true);
      await answered(1);
      expect(code(0)).toBe('cancelled');
      expect(runs[0]?.signal.aborted).toBe(true);
      expect(await queue.cancel('a0')).toBe(false);
      expect(await queue.cancel('unknown')).toBe(false);
      await submit('b0');
      await done('b0');
      expect(answers).toHaveLength(2);
    });

    it('cancels all of a user, waiting and running, and nothing of others', async () => {
      await open();
      queue.process(byHand);
      for (const id of ['a0', 'b0', 'a1', 'a2']) await submit(id);
      await started('a0');
      expect(await queue.cancelAll(runs[0]?.job.user ?? '')).toBe(3);
      await done('b0');
      await answered(4);
      const codes = answers.map(({ job }, index) => [job.id, code(index)]);
      expect(new Map(codes as [string, string][])).toEqual(
        new Map([
          ['a0', 'cancelled'],
          ['a1', 'cancelled'],
          ['a2', 'cancelled'],
          ['b0', 'ok'],
        ]),
      );
      expect(await queue.cancelAll('nobody')).toBe(0);
    });

    it('cancels nothing of another user', async () => {
      await open();
      await submit('a0');
      expect(await queue.cancel('a0', 'tg-b')).toBe(false);
      expect(queue.status('a0')).toMatchObject({ state: 'queued' });
      expect(await queue.cancel('a0', 'tg-a')).toBe(true);
      await answered(1);
      expect(code(0)).toBe('cancelled');
    });

    it('gives up a job nobody waits for any more, waiting or running', async () => {
      await open({ expectedMs: 1 });
      queue.process(byHand);
      const soon = Date.now() + 800;
      await submit('a0', { expiresAt: soon + 400 });
      await submit('b0', { expiresAt: soon });
      await answered(2);
      expect(answers.map((answer, index) => [answer.job.id, code(index)])).toEqual([
        ['b0', 'expired'],
        ['a0', 'expired'],
      ]);
      expect(runs.map((run) => run.job.id)).toEqual(['a0']);
      expect(runs[0]?.signal.aborted).toBe(true);
    });

    it('refuses a job that could not be done in time', async () => {
      await open({ expectedMs: 5000 });
      const error = await refusal(submit('a0', { expiresAt: Date.now() + 1000 }));
      expect(error.code).toBe('wait_too_long');
      expect(error.details['seconds']).toBe(5);
    });

    it('tries again after an internal error, three times in all', async () => {
      await open();
      const attempts: number[] = [];
      queue.process(async (task) => {
        attempts.push(task.job.attempt);
        if (task.job.id === 'b0' || task.job.attempt < 3) throw new TypeError('out of luck');
        return cartoonOf(task.photo);
      });
      await submit('a0');
      await answered(1);
      expect([code(0), ...attempts]).toEqual(['ok', 1, 2, 3]);
      await submit('b0');
      await answered(2);
      expect([code(1), ...attempts]).toEqual(['internal', 1, 2, 3, 1, 2, 3]);
    });

    it.each(['crashed', 'timeout', 'broken_image'] as const)(
      'does not try again after %s',
      async (errorCode) => {
        await open();
        queue.process(async (task) => {
          runs.push(task);
          throw new DctoonError(errorCode, 'no', { details: { limit: 3 } });
        });
        await submit('a0');
        await answered(1);
        expect(code(0)).toBe(errorCode);
        expect(answers[0]?.outcome).toMatchObject({ error: { details: { limit: 3 } } });
        expect(runs).toHaveLength(1);
      },
    );

    it('calls a responder again until it resolves, and draws on meanwhile', async () => {
      await open();
      let calls = 0;
      queue.onOutcome('telegram', async (job, outcome) => {
        if (job.id === 'a0' && ++calls < 3) throw new Error('network down');
        answers.push({ job, outcome });
      });
      queue.process(atOnce);
      await submit('a0');
      await submit('b0');
      await answered(2);
      expect(calls).toBe(3);
      expect(runs).toHaveLength(2);
    });

    it('gives a responder up in the end', async () => {
      await open({ answerAttempts: 3 });
      let calls = 0;
      const abandoned: string[] = [];
      queue.on('failed', ({ job }) => abandoned.push(job.id));
      queue.onOutcome('telegram', async () => {
        calls += 1;
        throw new Error('gone for ever');
      });
      queue.process(atOnce);
      await submit('a0');
      await vi.waitFor(() => expect(abandoned).toEqual(['a0']), PATIENCE);
      expect(calls).toBe(3);
      expect(queue.status('a0')).toBeUndefined();
      expect(queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 });
    });

    it('keeps an answer until its platform has a responder', async () => {
      await open();
      queue.process(atOnce);
      const late: string[] = [];
      await submit('w0', { platform: 'web' });
      await vi.waitFor(() => expect(queue.status('w0')?.state).toBe('delivering'), PATIENCE);
      queue.onOutcome('web', async (job) => void late.push(job.id));
      await vi.waitFor(() => expect(late).toEqual(['w0']), PATIENCE);
    });

    it('takes a job in once, however often and whenever it is submitted', async () => {
      await open();
      queue.process(byHand);
      const submissions = await Promise.all([submit('a0'), submit('a0'), submit('a0')]);
      expect(submissions.map((submission) => submission.duplicate).sort()).toEqual([false, true, true]);
      await started('a0');
      expect(await queue.check(newJob('a0'))).toMatchObject({ duplicate: true, state: 'processing' });
      expect(await queue.check(newJob('a1'))).toBeUndefined();
      await done('a0');
      await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
      expect(await submit('a0')).toMatchObject({ id: 'a0', duplicate: true });
      await submit('b0');
      await done('b0');
      expect(runs.map((run) => run.job.id)).toEqual(['a0', 'b0']);
      expect(answers).toHaveLength(2);
    });

    it('refuses ids that not every engine could carry', async () => {
      await open();
      for (const id of ['tg:1', '123', '', 'a b', '../x', 'x'.repeat(300)]) {
        expect((await refusal(submit(id, { user: 'tg-1' }))).code).toBe('internal');
      }
    });

    it('answers to the reply target as it was amended last', async () => {
      await open();
      queue.process(byHand);
      await submit('a0');
      await started('a0');
      expect(await queue.updateReplyTarget('a0', { chat: 1, status: 99 })).toBe(true);
      await done('a0');
      expect(answers[0]?.job.reply).toEqual({ chat: 1, status: 99 });
      await vi.waitFor(() => expect(queue.status('a0')).toBeUndefined(), PATIENCE);
      expect(await queue.updateReplyTarget('a0', {})).toBe(false);
    });

    it('drains: takes nothing more, finishes what it has', async () => {
      await open();
      queue.process(byHand);
      await submit('a0');
      await submit('b0');
      const drained = queue.drain(10_000);
      expect((await refusal(submit('c0'))).code).toBe('shutting_down');
      expect((await refusal(queue.check(newJob('c0')))).code).toBe('shutting_down');
      await done('a0');
      await done('b0');
      expect(await drained).toBe(0);
    });

    it('says how many are left when the time to drain is over', async () => {
      await open();
      queue.process(byHand);
      await submit('a0');
      await submit('b0');
      await started('a0');
      expect(await queue.drain(100)).toBe(2);
    });

    it('serves a hundred users fairly under load, each exactly once', async () => {
      await open({ concurrency: 3, limit: 1000 });
      const ids = Array.from({ length: 300 }, (_, index) => `u${index % 100}x${Math.floor(index / 100)}`);
      await Promise.all(ids.map((id) => submit(id, { user: `tg-${id.split('x')[0]}` })));
      queue.process(async (task) => {
        runs.push(task);
        await new Promise((resolve) => setImmediate(resolve));
        return cartoonOf(task.photo);
      });
      await answered(300);
      expect(answers.map((answer) => answer.job.id).sort()).toEqual([...ids].sort());
      const round = (index: number) => Number(runs[index]?.job.id.split('x')[1]);
      const rounds = runs.map((_, index) => round(index));
      expect(rounds.slice(0, 95).every((value) => value === 0)).toBe(true);
      expect(rounds.slice(205).every((value) => value === 2)).toBe(true);
    });
  });
}
