/** What a waiting person reads, the same on every platform. */
import type { Texts } from '../../texts/index.ts';
import type { Status } from './types.ts';

export function statusLine(status: Status, texts: Texts): string {
  switch (status.kind) {
    case 'queued':
      return texts.status.queued({ ahead: status.ahead, seconds: status.etaSeconds });
    case 'processing':
      return texts.status.working({ seconds: status.etaSeconds });
    case 'restarting':
      return texts.status.restarting;
  }
}
