// `worker-entry.ts` in a thread, uncompiled: Node 20 gives threads no `--import`.
import { register } from 'tsx/esm/api';

register();
await import('./worker-entry.ts');
