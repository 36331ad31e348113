/** dctoon as a library: `import { Cartoonizer } from 'dctoon'`. */
export { DctoonError, ERROR_CODES, type ErrorCode, type Fault } from './errors.ts';
export { Cartoonizer, type CartoonizerOptions } from './inference/cartoonizer.ts';
export type { PoolStats } from './inference/pool.ts';
export type {
  Cartoon,
  CartoonEngine,
  CartoonizeOptions,
  ImageFormat,
  Stage,
  Style,
  Timings,
} from './inference/types.ts';
