/** How the page says that something did not work: a status, a sentence in the reader's language, and for programs a code. */
import { STATUS_CODES } from 'node:http';
import { parseAccept } from 'hono/utils/accept';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { DctoonError } from '../../shared/errors.ts';
import type { Texts } from '../../texts/index.ts';
import type { WebContext } from '../types.ts';

/** Failures of HTTP itself, which no chat knows; all others are `DctoonError`s. */
export const HTTP_PROBLEMS = {
  not_found: { status: 404, text: 'notFound' },
  method_not_allowed: { status: 405, text: 'methodNotAllowed' },
  key_needed: { status: 401, text: 'keyNeeded' },
  cross_site: { status: 403, text: 'crossSite' },
  bad_form: { status: 400, text: 'badForm' },
  one_photo: { status: 400, text: 'onePhoto' },
  not_ready: { status: 409, text: 'notReady' },
  slow_upload: { status: 408, text: 'slow' },
  key_reused: { status: 422, text: 'keyReused' },
  wrong_host: { status: 421, text: 'wrongHost' },
} as const satisfies Record<string, { status: number; text: keyof Texts['web']['problems'] }>;

export type HttpProblemCode = keyof typeof HTTP_PROBLEMS;

export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: HttpProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpProblemCode, headers: Readonly<Record<string, string>> = {}) {
    super(code);
    this.code = code;
    this.headers = headers;
  }
}

/** An RFC 9457 problem document: `title` names the status, `detail` is the sentence for people. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly code: string;
}

/** @param thrown an `HttpProblem` or anything else, which counts as `DctoonError.from` says */
export function problemOf(thrown: unknown, texts: Texts): Problem {
  if (thrown instanceof HttpProblem) {
    const { status, text } = HTTP_PROBLEMS[thrown.code];
    return problem(status, thrown.code, texts.web.problems[text]);
  }
  const error = DctoonError.from(thrown);
  // The chats' sentence about HEIC tells how to send it there.
  const detail = error.code === 'heic' ? texts.web.heic : texts.error(error.code, error.details);
  return problem(error.status, error.code, detail);
}

function problem(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Failed', status, detail, code };
}

/** Whether a person will read it: a browser whose form was sent without the script, or an address that is no API. */
function isForPeople({ req }: WebContext): boolean {
  if (req.path !== '/upload') return !req.path.startsWith('/api/');
  return parseAccept(req.header('accept') ?? '').some(({ type }) => type.startsWith('text/'));
}

/** Answers programs with a problem document, people with one plain sentence. */
export function answerProblem(context: WebContext, thrown: unknown): Response {
  const problem = problemOf(thrown, context.get('texts'));
  if (problem.status >= 500 && !(thrown instanceof DctoonError && thrown.fault === 'user')) {
    context.get('log').error({ err: thrown }, 'request failed');
  }
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (thrown instanceof HttpProblem) Object.assign(headers, thrown.headers);
  if (thrown instanceof DctoonError && (problem.status === 429 || problem.status === 503)) {
    const seconds = Number(thrown.details['seconds']);
    headers['Retry-After'] = String(Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : 10);
  }
  const status = problem.status as ContentfulStatusCode;
  if (isForPeople(context)) return context.text(`${problem.detail}\n`, status, headers);
  headers['Content-Type'] = 'application/problem+json';
  return context.body(JSON.stringify(problem), status, headers);
}
