/** dctoon as a library: `import { Cartoonizer } from 'dctoon'`. */

export { Cartoonizer, type CartoonizerOptions } from './inference/cartoonizer.ts';
export type {
  Cartoon,
  CartoonEngine,
  CartoonizeOptions,
  Stage,
  Style,
  Timings,
} from './inference/types.ts';
export type { PoolStats } from './inference/workers/pool.ts';
export { DctoonError, ERROR_CODES, type ErrorCode, type Fault } from './shared/errors.ts';
