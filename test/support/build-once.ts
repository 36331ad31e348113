/** Before any test file runs: later builds find everything up to date, and never write while a service starts. */
export { build as setup } from './service.ts';
