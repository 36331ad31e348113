/**
 * The custom_id of our buttons and menus: `cz1:<action>:<argument>`. It says everything needed to act on a press, so
 * that components work after a restart and on any replica. `cz1` is the version of this format.
 */
const PREFIX = 'cz1';
/** Discord's limit for a custom_id. */
const MAX_LENGTH = 100;
const ARGUMENT = /^[A-Za-z0-9_-]{1,64}$/;

const ACTIONS = ['again', 'sticker', 'avatar', 'emoji', 'add', 'cancel', 'forget'] as const;
export type Action = (typeof ACTIONS)[number];

export interface CallbackData {
  readonly action: Action;
  /**
   * `again` and what else is made of a photo: the key of the kept originals. `cancel`: the group. `forget` and `add`: nothing, they act for
   * who presses.
   */
  readonly argument: string;
}

export function encodeCallbackData(action: Action, argument: string): string {
  const id = `${PREFIX}:${action}:${argument}`;
  if (!ARGUMENT.test(argument) || id.length > MAX_LENGTH) {
    throw new Error('Expected a custom_id argument of 1 to 64 characters A-Z a-z 0-9 _ -');
  }
  return id;
}

/** `undefined` for anything that is not ours; people can send arbitrary custom_ids through modified clients. */
export function decodeCallbackData(id: string): CallbackData | undefined {
  const [prefix, action, argument, ...rest] = id.split(':');
  if (prefix !== PREFIX || rest.length > 0 || argument === undefined || !ARGUMENT.test(argument))
    return undefined;
  const known = ACTIONS.find((one) => one === action);
  return known && { action: known, argument };
}
