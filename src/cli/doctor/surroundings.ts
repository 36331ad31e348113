/** Does the machine give the service what it needs: a folder, a disk, a port? */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { processLockHolder } from '../../storage/process-lock.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

/** @returns findings, and whether a service runs on this folder */
export async function checkDataFolder(
  config: Pick<Config, 'DATA_DIR' | 'DATA_LIMIT_MB'>,
): Promise<{ readonly findings: readonly Finding[]; readonly isInUse: boolean }> {
  const { DATA_DIR: folder, DATA_LIMIT_MB: limit } = config;
  const there = await nearest(resolve(folder));
  if (!(await stat(there)).isDirectory())
    return { findings: [fail(`${there} is a file; DATA_DIR must be a folder.`)], isInUse: false };
  const findings = [await checkWritable(folder, there), await checkDisk(folder, there, limit)];
  const owner = await processLockHolder(join(folder, 'spool', 'lock'));
  findings.push(
    owner
      ? warn(
          `A service is running on DATA_DIR (process ${owner.pid} on ${owner.host}); a second one will not start.`,
        )
      : ok('No other service uses DATA_DIR.'),
  );
  return { findings, isInUse: owner !== undefined };
}

async function checkWritable(folder: string, there: string): Promise<Finding> {
  try {
    await access(there, constants.W_OK | constants.X_OK);
    return ok(
      there === resolve(folder)
        ? `DATA_DIR ${folder} can be written.`
        : `DATA_DIR ${folder} will be made in ${there}.`,
    );
  } catch {
    return fail(`DATA_DIR ${folder} cannot be written by this user: ${there} is not writable.`);
  }
}

async function checkDisk(folder: string, there: string, limitMb: number): Promise<Finding> {
  const { bavail, bsize } = await statfs(there);
  const free = Math.floor((bavail * bsize) / 1e6);
  const has = `The disk of DATA_DIR ${folder} has ${free} MB left`;
  if (free < 100) return fail(`${has}: photos will be refused.`);
  if (free < limitMb) return warn(`${has}, less than DATA_LIMIT_MB=${limitMb}.`);
  return ok(`${has}.`);
}

/** The folder itself, or the one in which it would be made. */
async function nearest(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await stat(path);
      return path;
    } catch {
      if (path === dirname(path)) return path;
    }
  }
}

export async function checkPort({
  WEB,
  WEB_HOST,
  WEB_PORT,
}: Pick<Config, 'WEB' | 'WEB_HOST' | 'WEB_PORT'>): Promise<Finding> {
  if (WEB === 'off') return ok('The page is off (WEB=off); there is no /healthz and no /metrics either.');
  const place = `${WEB_HOST}:${WEB_PORT}`;
  const server = createServer();
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(WEB_PORT, WEB_HOST, listening);
    });
    return ok(`The page can listen on ${place}.`);
  } catch (error) {
    const reasons: Record<string, string> = {
      EADDRINUSE: 'another program listens there. Choose another WEB_PORT.',
      EACCES: 'this user may not. Choose a WEB_PORT above 1023.',
      EADDRNOTAVAIL: 'this machine has no such address. Choose another WEB_HOST.',
      ENOTFOUND: 'there is no such name. Choose another WEB_HOST.',
    };
    const { code = '' } = error as NodeJS.ErrnoException;
    return fail(`The page cannot listen on ${place}: ${reasons[code] ?? reasonOf(error)}`);
  } finally {
    server.close();
  }
}
