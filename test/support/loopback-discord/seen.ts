/** What people see of the bot's answers. */
import type { APIMessage, StoredInteraction } from './types.ts';
import type { World } from './world.ts';

interface AnyComponent {
  readonly type: number;
  readonly custom_id?: string;
  readonly label?: string;
  readonly disabled?: boolean;
  readonly options?: readonly { readonly label: string; readonly value: string }[];
}

/** Buttons and menus of a message, rows flattened. */
export function componentsOf(message: APIMessage): AnyComponent[] {
  const rows = (message.components ?? []) as readonly { readonly components?: readonly AnyComponent[] }[];
  return rows.flatMap((row) => row.components ?? []);
}

/** An interaction as the person who started it sees it. */
export class Seen {
  readonly interaction: StoredInteraction;
  readonly #world: World;

  constructor(world: World, interaction: StoredInteraction) {
    this.#world = world;
    this.interaction = interaction;
  }

  /** The original reply as it is now. */
  get reply(): APIMessage | undefined {
    return this.#world.messages.get(this.interaction.originalId ?? '');
  }

  get followUps(): APIMessage[] {
    return this.interaction.followUps.flatMap((id) => this.#world.messages.get(id) ?? []);
  }

  /** Milliseconds until the acknowledgement. */
  async acknowledged(): Promise<number> {
    const at = await this.#world.until(() => this.interaction.acknowledgedAt, 'an acknowledgement');
    return at - this.interaction.createdAt;
  }

  /** Waits for a state of the reply; default: it is no longer "thinking" and has no cancel button. */
  async until(what: (reply: APIMessage) => boolean = settled, timeoutMs?: number): Promise<APIMessage> {
    return this.#world.until(
      () => (this.reply && what(this.reply) ? this.reply : undefined),
      `a reply (now: ${JSON.stringify(this.reply?.content)}, ${this.reply?.attachments.length} files)`,
      timeoutMs,
    );
  }
}

/** A final answer: not loading, nothing to cancel. */
export function settled(message: APIMessage): boolean {
  const loading = ((message.flags ?? 0) & 128) !== 0;
  return !loading && !componentsOf(message).some((one) => one.custom_id?.includes(':cancel:'));
}
