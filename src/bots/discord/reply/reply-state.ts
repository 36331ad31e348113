/** The changes a reply's state goes through; pure bookkeeping, nothing is sent and nothing written. */
import type { APIMessage } from 'discord.js';
import { partOfFile } from './render.ts';
import type { GroupState, Reason } from './reply-store.ts';

export class ReplyState {
  readonly data: GroupState;
  readonly #begunHere: boolean;

  /** @param begunHere whether this process has the request, and will submit what is pending, or only found jobs of it */
  constructor(data: GroupState, begunHere: boolean) {
    this.data = data;
    this.#begunHere = begunHere;
    if (begunHere) return;
    // Whoever was about to submit these is gone. Should a job exist after all, its delivery takes the part back.
    data.parts = data.parts.map((part) =>
      part.state === 'pending' ? { state: 'failed', reason: 'shutting_down', details: {} } : part,
    );
  }

  /** Nothing more will be written. */
  get isOver(): boolean {
    return this.data.closed || this.data.gone;
  }

  /** Parts without an outcome. */
  get open(): number[] {
    return [...this.data.parts.keys()].filter((part) => this.isOpen(part));
  }

  isOpen(part: number): boolean {
    const state = this.data.parts[part]?.state;
    return state === 'open' || state === 'pending';
  }

  /** A photo is in the queue. @returns whether that was news */
  accept(part: number): boolean {
    if (this.data.parts[part]?.state !== 'pending') return false;
    this.data.parts[part] = { state: 'open' };
    return true;
  }

  /** A job speaks for this part: so it exists, even if nobody noted that yet, or the last process ended before. */
  claim(part: number): void {
    const state = this.data.parts[part];
    const isLost = state?.state === 'failed' && state.reason === 'shutting_down' && !this.#begunHere;
    if (state?.state !== 'pending' && !isLost) return;
    this.data.parts[part] = { state: 'open' };
    this.data.closed = false;
  }

  /** A part ends without a picture. @returns whether it was open until now */
  fail(part: number, reason: Reason, details: Readonly<Record<string, string | number>>): boolean {
    if (!this.isOpen(part)) return false;
    this.data.parts[part] = { state: 'failed', reason, details: { ...details } };
    return true;
  }

  /** Takes over what the message shows. */
  adopt(message: APIMessage): void {
    for (const attachment of message.attachments) {
      const part = partOfFile(attachment.filename, this.data.parts.length);
      if (part !== undefined) this.data.parts[part] = { state: 'done', attachmentId: attachment.id };
    }
  }
}
