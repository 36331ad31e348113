/**
 * What an operator can measure, for Prometheus, in a registry of its own. Metrics only listen: to the queue's events,
 * and at every scrape to the figures of engine and spool. Nothing below knows that it is measured.
 *
 * A process watches the parts it has; one without an engine has no metrics of one. What each metric means for an
 * operator: docs/operations.md.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolStats } from '../inference/workers/pool.ts';
import type { Outcome, Queue, QueueEvents } from '../queue/types.ts';

/** Seconds. Stages take milliseconds to a few seconds; waits and answers up to minutes. */
const STAGE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WAIT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
/** A user nobody has: its estimate is the wait of somebody who comes now. */
const NEWCOMER = 'newcomer';

export class Metrics {
  readonly registry = new Registry();

  /** @param version of dctoon, shown as a label of `dctoon_info` */
  constructor(version: string) {
    // Memory and processor time of this process, event loop delay (perf_hooks), garbage collection: the usual names.
    collectDefaultMetrics({ register: this.registry });
    this.#gauge('dctoon_info', 'Always 1; the version is the label.', ['version']).set({ version }, 1);
  }

  /** Counts and times the photos that pass through a queue. */
  watchQueue(queue: Pick<Queue, 'on' | 'counts' | 'estimate'>): void {
    const queued = this.#counter('dctoon_photos_queued_total', 'Photos taken into the queue.', [
      'platform',
      'style',
    ]);
    const refused = this.#counter('dctoon_photos_refused_total', 'Photos the queue did not take.', [
      'reason',
    ]);
    const processed = this.#counter(
      'dctoon_photos_processed_total',
      'Photos processed, by outcome: ok, or the code of the error.',
      ['platform', 'style', 'outcome'],
    );
    const waits = this.#histogram(
      'dctoon_queue_wait_seconds',
      'Time from a photo being queued until it is processed.',
      ['platform'],
      WAIT_BUCKETS,
    );
    const done = this.#histogram(
      'dctoon_photos_done_seconds',
      'From a photo being queued until it is done: its sender has the answer.',
      ['platform'],
      WAIT_BUCKETS,
    );
    const failed = this.#counter(
      'dctoon_photos_failed_total',
      'Photos that could not be delivered: the platform kept refusing, or is switched off.',
      ['platform'],
    );
    const stages = this.#histogram(
      'dctoon_stage_seconds',
      'Time per stage of processing one photo; the stage total is all of them.',
      ['stage'],
      STAGE_BUCKETS,
    );
    const faces = this.#histogram('dctoon_faces', 'Faces found in a photo.', [], [0, 1, 2, 3, 4, 6, 8]);
    const observeCartoon = ({ cartoon }: Extract<Outcome, { ok: true }>) => {
      faces.observe(cartoon.faces);
      for (const [stage, ms] of Object.entries(cartoon.timings)) stages.observe({ stage }, ms / 1000);
    };

    queue.on('refused', ({ error }) => refused.inc({ reason: error.code }));
    queue.on('queued', ({ job: { platform, style } }) => queued.inc({ platform, style }));
    queue.on('processing', ({ job: { platform }, waitedMs }) => waits.observe({ platform }, waitedMs / 1000));
    queue.on('delivering', ({ job: { platform, style }, outcome }: QueueEvents['delivering']) => {
      processed.inc({ platform, style, outcome: outcome.ok ? 'ok' : outcome.error.code });
      if (outcome.ok) observeCartoon(outcome);
    });
    queue.on('done', ({ job: { platform, createdAt } }) => {
      done.observe({ platform }, (Date.now() - createdAt) / 1000);
    });
    queue.on('failed', ({ job: { platform } }) => failed.inc({ platform }));

    this.#gauge('dctoon_queue_jobs', 'Photos in the queue, by state.', ['state'], (gauge) => {
      for (const [state, count] of Object.entries(queue.counts())) gauge.set({ state }, count);
    });
    this.#gauge(
      'dctoon_queue_expected_wait_seconds',
      'Expected time until the cartoon of a photo sent now, from measured times. A hint for autoscaling.',
      [],
      (gauge) => gauge.set(queue.estimate(NEWCOMER) / 1000),
    );
  }

  /** Shows the state of the inference processes. */
  watchEngine(engine: { stats(): PoolStats }): void {
    this.#gauge('dctoon_inference_waiting', 'Photos that wait for an inference process.', [], (gauge) =>
      gauge.set(engine.stats().queued),
    );
    this.#gauge('dctoon_inference_processes', 'Living inference processes.', ['state'], (gauge) => {
      const { children } = engine.stats();
      const busy = children.filter((child) => child.busy).length;
      gauge.set({ state: 'busy' }, busy);
      gauge.set({ state: 'idle' }, children.length - busy);
    });
    this.#gauge(
      'dctoon_inference_memory_bytes',
      'Resident memory of each inference process after its last photo.',
      ['process'],
      (gauge) => {
        // By place, not by process id: a restart must not begin another time series.
        gauge.reset();
        for (const [place, { rss }] of engine.stats().children.entries()) gauge.set({ process: place }, rss);
      },
    );
    new Counter({
      name: 'dctoon_inference_restarts_total',
      help: 'Inference processes that ended and were replaced.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(engine.stats().restarts);
      },
    });
  }

  /** Shows how full the data folder is. */
  watchSpool(spool: { readonly bytes: number }, limitBytes: number): void {
    this.#gauge('dctoon_spool_bytes', 'Bytes of photos and cartoons in DATA_DIR.', [], (gauge) =>
      gauge.set(spool.bytes),
    );
    this.#gauge('dctoon_spool_limit_bytes', 'DATA_LIMIT_MB in bytes.').set(limitBytes);
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram(
    name: string,
    help: string,
    labelNames: readonly string[],
    buckets: readonly number[],
  ): Histogram {
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  /** @param collect sets the value at every scrape */
  #gauge(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    collect?: (gauge: Gauge) => void,
  ): Gauge {
    return new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect && {
        collect() {
          collect(this);
        },
      }),
    });
  }
}
