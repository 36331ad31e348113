/**
 * The order of p-queue, fair between users: start-time fair queueing (Goyal et al., SIGCOMM 1996) with jobs
 * of equal weight, which is round-robin. Every job gets a round when it arrives: the one after its user's last
 * round, or the round being served, whichever is later. Jobs run by round, within a round by arrival.
 * A0 A1 A2 B0 C0 therefore runs as A0 B0 C0 A1 A2, whether or not A0 already runs when the others arrive.
 *
 * A large photo takes several times as long as a usual one, so within its round a few of those that come after it go
 * first: one second more is little to whoever waits for ten, and much to whoever waits for none.
 */
import type { Queue, QueueAddOptions } from 'p-queue';

type Run = () => Promise<unknown>;
/** What p-queue needs of its order. */
export type JobOrder = Queue<Run, FairOptions>;

export type FairOptions = QueueAddOptions & { readonly user: string; readonly isLarge?: boolean };

interface Turn {
  readonly run: Run;
  readonly id: string;
  readonly user: string;
  /** Place within its round: its number in the order of arrival, later by `LETS_PASS` for a large one. */
  readonly rank: number;
  round: number;
}

/** So many jobs of its round may overtake a large one. */
const LETS_PASS = 8;
/** Users whose last round is remembered while nobody waits: enough for everybody who is served at the same time. */
const REMEMBERED_USERS = 64;

export class FairQueue implements JobOrder {
  /** Sorted by round, then rank. */
  #turns: Turn[] = [];
  /** The last round each user was given, least recently used first. */
  readonly #users = new Map<string, number>();
  #serving = 0;
  #arrivals = 0;

  get size(): number {
    return this.#turns.length;
  }

  enqueue(run: Run, options: Partial<FairOptions> = {}): void {
    const { id = '', user = '', isLarge = false } = options;
    const round = this.#roundOf(user);
    this.#remember(user, round);
    const arrival = this.#arrivals++;
    const rank = isLarge ? arrival + LETS_PASS + 0.5 : arrival;
    this.#turns.splice(this.#placeOf(round, rank), 0, { run, id, user, round, rank });
  }

  dequeue(): Run | undefined {
    const turn = this.#turns.shift();
    if (!turn) return undefined;
    this.#serving = turn.round;
    this.#forget();
    return turn.run;
  }

  /** Takes a job out; the user's later jobs move up, as if it had never been there. */
  remove(id: string): void {
    const gone = this.#turns.find((turn) => turn.id === id);
    if (!gone) return;
    this.#turns = this.#turns.filter((turn) => turn !== gone);
    let { round } = gone;
    for (const turn of this.#turns.filter((other) => other.user === gone.user && other.round > gone.round)) {
      [turn.round, round] = [round, turn.round];
    }
    this.#turns.sort((a, b) => a.round - b.round || a.rank - b.rank);
    this.#remember(gone.user, round - 1);
  }

  filter(options: Readonly<Partial<FairOptions>>): Run[] {
    return this.#turns
      .filter((turn) => options.user === undefined || turn.user === options.user)
      .map((turn) => turn.run);
  }

  /** Part of p-queue's contract; turns follow from the user alone. */
  setPriority(): void {
    throw new Error('a fair queue has no priorities');
  }

  /** Ids of the jobs that run before `id`, in order; undefined when it does not wait here. */
  before(id: string): readonly string[] | undefined {
    const index = this.#turns.findIndex((turn) => turn.id === id);
    return index < 0 ? undefined : this.#turns.slice(0, index).map((turn) => turn.id);
  }

  /** Ids of the jobs that would run before a job of usual size submitted now by `user`, in order. */
  beforeNext(user: string): readonly string[] {
    return this.#turns.slice(0, this.#placeOf(this.#roundOf(user), this.#arrivals)).map((turn) => turn.id);
  }

  #roundOf(user: string): number {
    const last = this.#users.get(user);
    return last === undefined ? this.#serving : Math.max(this.#serving, last + 1);
  }

  /** Where a job of this round and rank belongs. */
  #placeOf(round: number, rank: number): number {
    let [low, high] = [0, this.#turns.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const turn = this.#turns[middle];
      const isBefore = turn && (turn.round < round || (turn.round === round && turn.rank <= rank));
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remember(user: string, round: number): void {
    this.#users.delete(user);
    this.#users.set(user, round);
  }

  /** Drops users that no longer influence any turn, so that the map does not grow with every user ever seen. */
  #forget(): void {
    for (const [user, last] of this.#users) {
      const surplus = this.#turns.length === 0 && this.#users.size > REMEMBERED_USERS;
      if (last < this.#serving || surplus) this.#users.delete(user);
    }
  }
}

/**
 * The class that p-queue is given to make its line of. What it makes hands everything on to `line`, which also tells
 * positions; p-queue would keep an instance of its own to itself.
 */
export function queueClassOf(line: FairQueue): new () => JobOrder {
  return class implements JobOrder {
    get size(): number {
      return line.size;
    }

    enqueue(run: Run, options?: Partial<FairOptions>): void {
      line.enqueue(run, options);
    }

    dequeue(): Run | undefined {
      return line.dequeue();
    }

    remove(id: string): void {
      line.remove(id);
    }

    filter(options: Readonly<Partial<FairOptions>>): Run[] {
      return line.filter(options);
    }

    setPriority(): void {
      line.setPriority();
    }
  };
}
