/** What is remembered about lanes, in memory and bounded; where it is kept beyond that is its heirs' business. */
import { z } from 'zod';

/** What the service remembers about lanes, wherever it is kept. */
export interface LanePreferences {
  /** The style a lane has chosen. */
  style(lane: string): string | undefined;
  setStyle(lane: string, style: string): void;
  /** True the first time only. */
  firstTime(lane: string, topic: string): boolean;
  /** Resolves when what has changed is kept. */
  flush(): Promise<void>;
}

export const laneSchema = z.object({ style: z.string().optional(), seen: z.array(z.string()).optional() });
export type Lane = z.infer<typeof laneSchema>;

/** Lanes remembered unless said otherwise; about 10 MB. */
export const DEFAULT_MOST_LANES = 100_000;

export abstract class RememberedLanes implements LanePreferences {
  /** Least recently changed first. */
  protected readonly lanes: Map<string, Lane>;
  protected readonly most: number;

  constructor(lanes: Map<string, Lane>, most: number) {
    this.lanes = lanes;
    this.most = most;
  }

  abstract flush(): Promise<void>;

  /** Called after a change by this process, which is already remembered. */
  protected abstract keep(lane: string, value: Lane): void;

  style(lane: string): string | undefined {
    return this.lanes.get(lane)?.style;
  }

  setStyle(lane: string, style: string): void {
    if (this.style(lane) !== style) this.#change(lane, { style });
  }

  firstTime(lane: string, topic: string): boolean {
    const seen = this.lanes.get(lane)?.seen ?? [];
    if (seen.includes(topic)) return false;
    this.#change(lane, { seen: [...seen, topic] });
    return true;
  }

  /** Puts a lane last, and forgets the first ones when there are too many. */
  protected remember(lane: string, value: Lane): void {
    this.lanes.delete(lane);
    this.lanes.set(lane, value);
    for (const oldest of this.lanes.keys()) {
      if (this.lanes.size <= this.most) break;
      this.lanes.delete(oldest);
    }
  }

  #change(lane: string, fields: Lane): void {
    const value = { ...this.lanes.get(lane), ...fields };
    this.remember(lane, value);
    this.keep(lane, value);
  }
}
