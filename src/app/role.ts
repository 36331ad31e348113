/** What a process does: everything, or with a queue on Redis only one half, any number of each. */

export type Role = 'all' | 'bot' | 'worker';

/** @param argument first of the command line; `start` or none = everything */
export function roleOf(argument: string | undefined): Role {
  return argument === 'bot' || argument === 'worker' ? argument : 'all';
}

/** Takes photos in and answers: platforms and page. */
export const talks = (role: Role) => role !== 'worker';
/** Draws. */
export const draws = (role: Role) => role !== 'bot';
