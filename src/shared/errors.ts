/**
 * The one error family of dctoon. Everything that can go wrong on the way of a photo is a `DctoonError` with
 * a stable code. The code selects the text a user reads (`src/texts`), so no sentence lives here, and a stack
 * trace or a library's message can never reach a chat.
 */

/** Whose fault it is: `user` = the input or the moment (never alarms anybody), `ours` = a defect (is logged as an error). */
export type Fault = 'user' | 'ours';

/** Every code, with whose fault it is and the HTTP status the web page answers with. */
export const ERROR_CODES = {
  // the photo
  unsupported_format: { fault: 'user', status: 415 },
  heic: { fault: 'user', status: 415 },
  too_large: { fault: 'user', status: 413 },
  too_many_pixels: { fault: 'user', status: 413 },
  broken_image: { fault: 'user', status: 422 },
  no_photo: { fault: 'user', status: 400 },
  unknown_style: { fault: 'user', status: 422 },
  no_person: { fault: 'user', status: 422 },
  download_failed: { fault: 'user', status: 502 },
  // the moment
  queue_full: { fault: 'user', status: 503 },
  user_limit: { fault: 'user', status: 429 },
  rate_limited: { fault: 'user', status: 429 },
  wait_too_long: { fault: 'user', status: 503 },
  shutting_down: { fault: 'user', status: 503 },
  storage_full: { fault: 'user', status: 503 },
  cancelled: { fault: 'user', status: 499 },
  expired: { fault: 'user', status: 410 },
  // us
  timeout: { fault: 'ours', status: 500 },
  crashed: { fault: 'ours', status: 500 },
  internal: { fault: 'ours', status: 500 },
} as const satisfies Record<string, { fault: Fault; status: number }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface DctoonErrorOptions {
  /** What really happened; goes to the log, never to a user. */
  readonly cause?: unknown;
  /** Numbers for the public text, e.g. `{ minutes: 3 }` or `{ limit: 5 }`. */
  readonly details?: Readonly<Record<string, string | number>>;
}

export class DctoonError extends Error {
  override readonly name = 'DctoonError';
  /** Stable identifier, also the key of the public text (`error.<code>` in `src/texts`). */
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, message: string = code, options: DctoonErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get fault(): Fault {
    return ERROR_CODES[this.code].fault;
  }

  /** HTTP status for the web page. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** Any thrown value as a `DctoonError`; what is not one becomes `internal` with the original as its cause. */
  static from(thrown: unknown): DctoonError {
    if (thrown instanceof DctoonError) return thrown;
    return new DctoonError('internal', thrown instanceof Error ? thrown.message : String(thrown), {
      cause: thrown,
    });
  }
}
