/** Fetches the bytes behind a file id. The URL carries the bot's token, so it is never passed on. */
import { readFile, stat } from 'node:fs/promises';
import { type Api, GrammyError } from 'grammy';
import { DctoonError } from '../../../shared/errors.ts';
import { download } from '../../download.ts';
import { describe } from '../errors.ts';

export interface FileDownloadParts {
  readonly api: Api;
  readonly token: string;
  /** Downloads come from the server that the API is on, also when it is our own. */
  readonly apiRoot: string;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Our own limit; the public Bot API has the same (core.telegram.org/bots/api#getfile). */
const LIMIT = 20 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** @returns a function that throws DctoonError `too_large` | `download_failed` | `cancelled` */
export function createFileFetcher(parts: FileDownloadParts) {
  const { api, token, apiRoot, fetch } = parts;
  const options = {
    allowedHosts: [new URL(apiRoot).origin],
    maxBytes: LIMIT,
    timeoutMs: TIMEOUT_MS,
    ...(fetch ? { fetch } : {}),
  };
  return async (fileId: string, signal: AbortSignal): Promise<Uint8Array> => {
    const path = await pathOf(api, fileId);
    // A Bot API server in --local mode gives a path on the disk it shares with us (core.telegram.org/bots/api#using-a-local-bot-api-server).
    if (path.startsWith('/')) return readLocal(path);
    return download(`${apiRoot}/file/bot${token}/${path}`, { ...options, signal });
  };
}

async function pathOf(api: Api, fileId: string): Promise<string> {
  try {
    const { file_path } = await api.getFile(fileId);
    if (file_path !== undefined) return file_path;
  } catch (error) {
    const tooBig = error instanceof GrammyError && /too big/i.test(error.description);
    throw new DctoonError(tooBig ? 'too_large' : 'download_failed', describe(error));
  }
  throw new DctoonError('download_failed', 'getFile gave no path');
}

async function readLocal(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > LIMIT) throw new DctoonError('too_large');
    return await readFile(path);
  } catch (error) {
    if (error instanceof DctoonError) throw error;
    throw new DctoonError('download_failed', 'the local file cannot be read', { cause: error });
  }
}
