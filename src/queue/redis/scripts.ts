/**
 * The steps of a job's life as Lua scripts (`scripts/*.lua`): Redis runs each as one, so every process sees a job in
 * one state, whatever dies in between. All keys begin with the prefix, which has a hash tag: on a cluster they lie on
 * one node.
 *
 *   job:<id>       hash    state (queued | processing | delivering), job as JSON, owner, runner, round, outcome ...
 *   reply:<id>     string  reply target, apart from the job because it may hold a token; with a time to live
 *   done:<id>      string  finished lately: a repeated submission is recognised
 *   live           zset    all ids by acceptance         processing  zset  ids by start
 *   pending        zset    accepted, not in BullMQ yet   expiring    zset  ids by their deadline
 *   counts         hash    how many queued, processing, delivering
 *   user:<user>    hash    the same of one user, and the last round   turns:<user>  zset  the user's queued ids by round
 *   serving, base          the round being served; the round that has BullMQ priority 1
 *   instances      zset    living processes by the time until which they count as alive; 0 = ended in good order
 *   heartbeat, steady      the last sign of life of any process; the time since which there is no gap between them
 *   slots          hash    worker slots of each process  owned:<instance>  set  jobs a process answers for
 *   times          hash    average milliseconds of a photo, per style and ('') over all
 *   schema                 version of all this
 *   to:<instance>          channel for messages to one process
 *   photos:*               BullMQ's own: the order of queued jobs, locks of those in work
 *
 * Turns are start-time fair queueing as in `fair-queue.ts`: a job gets the round after its user's last one, or the
 * round being served if that is later. BullMQ runs the lowest priority first, so the priority is the round, counted
 * from `base`, which moves up whenever nothing is queued or processed. (A user would have to keep the service busy
 * without a pause for two million photos of their own to reach BullMQ's highest priority; from there on it is first
 * come.)
 *
 * A full Redis refuses a script at its first command that may need memory, unless the script has written before. So
 * those that carry accepted jobs on begin with a removal (`allowWhenFull`): a full Redis takes nothing in, but lets all
 * out.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** Beside this file, or in the package's `src` when this file is compiled. */
function folder(): URL {
  const beside = new URL('./scripts/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../src/queue/redis/scripts/', import.meta.url);
}

function load(): (name: string) => Script {
  const from = folder();
  const read = (name: string) => readFileSync(new URL(`${name}.lua`, from), 'utf8');
  const prelude = read('prelude');
  return (name) => {
    const lua = prelude + read(name);
    return { lua, sha: createHash('sha1').update(lua).digest('hex') };
  };
}

const script = load();

export const SCRIPTS = {
  migrate: script('migrate'),
  submit: script('submit'),
  start: script('start'),
  progress: script('progress'),
  requeue: script('requeue'),
  settle: script('settle'),
  undecided: script('undecided'),
  read: script('read'),
  updateReplyTarget: script('update-reply-target'),
  finish: script('finish'),
  state: script('state'),
  heartbeat: script('heartbeat'),
  claim: script('claim'),
  deregister: script('deregister'),
  overdue: script('overdue'),
} as const;
