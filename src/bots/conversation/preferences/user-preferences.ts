/** What is remembered about users, in memory and bounded; subclasses keep it on disk or in Redis. */
import { z } from 'zod';
import { strengthSchema } from '../../../inference/drawing/strength-schema.ts';
import type { Forgotten } from '../types.ts';

/** What a store had about a user. */
export type ForgottenPreferences = Pick<Forgotten, 'style' | 'strength' | 'hints'>;

/** What the service remembers about users, wherever it is kept. */
export interface PreferenceStore {
  /** The style a user has chosen. */
  style(user: string): string | undefined;
  setStyle(user: string, style: string): void;
  /** The strength a user has chosen, per cent. */
  strength(user: string): number | undefined;
  setStrength(user: string, strength: number): void;
  /** True the first time only. */
  firstTime(user: string, topic: string): boolean;
  /** Deletes all that is known about a user; gone from the disk or from Redis when it resolves, else it rejects. */
  forget(user: string): Promise<ForgottenPreferences>;
  /** Resolves when what has changed is kept. */
  flush(): Promise<void>;
}

export const preferencesSchema = z.object({
  style: z.string().optional(),
  strength: strengthSchema.optional(),
  seen: z.array(z.string()).optional(),
});
export type StoredPreferences = z.infer<typeof preferencesSchema>;

/** Users remembered unless said otherwise; about 10 MB. */
export const DEFAULT_MAX_USERS = 100_000;

export abstract class UserPreferences implements PreferenceStore {
  /** Least recently changed first. */
  protected readonly users: Map<string, StoredPreferences>;
  protected readonly most: number;

  constructor(users: Map<string, StoredPreferences>, most: number) {
    this.users = users;
    this.most = most;
  }

  abstract flush(): Promise<void>;

  /** Called after a change by this process, which is already remembered. */
  protected abstract keep(user: string, value: StoredPreferences): void;

  /** Deletes where it is kept what is already deleted in memory; `isKnown` tells whether there was anything. */
  protected abstract erase(user: string, isKnown: boolean): Promise<void>;

  async forget(user: string): Promise<ForgottenPreferences> {
    const known = this.users.get(user);
    this.users.delete(user);
    await this.erase(user, known !== undefined);
    return {
      style: known?.style !== undefined,
      strength: known?.strength !== undefined,
      hints: known?.seen?.length ?? 0,
    };
  }

  style(user: string): string | undefined {
    return this.users.get(user)?.style;
  }

  setStyle(user: string, style: string): void {
    if (this.style(user) !== style) this.#change(user, { style });
  }

  strength(user: string): number | undefined {
    return this.users.get(user)?.strength;
  }

  setStrength(user: string, strength: number): void {
    if (this.strength(user) !== strength) this.#change(user, { strength });
  }

  firstTime(user: string, topic: string): boolean {
    const seen = this.users.get(user)?.seen ?? [];
    if (seen.includes(topic)) return false;
    this.#change(user, { seen: [...seen, topic] });
    return true;
  }

  /** Puts a user last, and forgets the first ones when there are too many. */
  protected remember(user: string, value: StoredPreferences): void {
    this.users.delete(user);
    this.users.set(user, value);
    for (const oldest of this.users.keys()) {
      if (this.users.size <= this.most) break;
      this.users.delete(oldest);
    }
  }

  #change(user: string, fields: StoredPreferences): void {
    const value = { ...this.users.get(user), ...fields };
    this.remember(user, value);
    this.keep(user, value);
  }
}
