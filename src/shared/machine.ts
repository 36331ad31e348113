/** How much of the machine this process may use, as far as containers and services limit it. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

export interface Machine {
  /** Processor cores, possibly a part of one. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface MachineFiles {
  /** Default: `/sys/fs/cgroup`. */
  readonly cgroup?: string;
  /** Default: `/proc/self/cgroup`. */
  readonly self?: string;
}

/**
 * Cores and memory, or less where a control group says so (Linux, version 2 and 1: `docker run --cpus --memory`, systemd's
 * CPUQuota and MemoryMax, Kubernetes' limits). The limits of every group above this one count as well.
 */
export function readMachine(files: MachineFiles = {}): Machine {
  const { cgroup = '/sys/fs/cgroup', self = '/proc/self/cgroup' } = files;
  const groups = groupsOf(read(self) ?? '');
  const quotas = [
    ...folders(join(cgroup), groups.get('') ?? '/').map((folder) => quotaOf(read(join(folder, 'cpu.max')))),
    ...folders(join(cgroup, 'cpu'), groups.get('cpu') ?? '/').map((folder) =>
      quotaOf(
        `${read(join(folder, 'cpu.cfs_quota_us')) ?? ''} ${read(join(folder, 'cpu.cfs_period_us')) ?? ''}`,
      ),
    ),
  ];
  const limits = [
    ...folders(join(cgroup), groups.get('') ?? '/').map((folder) =>
      bytesOf(read(join(folder, 'memory.max'))),
    ),
    ...folders(join(cgroup, 'memory'), groups.get('memory') ?? '/').map((folder) =>
      bytesOf(read(join(folder, 'memory.limit_in_bytes'))),
    ),
  ];
  return {
    cores: Math.min(availableParallelism(), ...quotas),
    memoryBytes: Math.min(totalmem(), ...limits),
  };
}

/** Group paths by controller; `''` is version 2's only hierarchy. Lines are `id:controllers:path` (cgroups(7)). */
function groupsOf(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    for (const controller of (controllers ?? '').split(',')) groups.set(controller, path);
  }
  return groups;
}

/** The folder of a group and of every group above it. */
function folders(root: string, path: string): string[] {
  const found = [join(root, path)];
  for (let above = path; above !== '/' && above !== '.'; ) {
    above = dirname(above);
    found.push(join(root, above));
  }
  return found;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** `150000 100000` is one and a half cores; `max 100000`, `-1 100000` and no file are no limit. */
function quotaOf(text: string | undefined): number {
  const [quota = 0, period = 0] = (text ?? '').split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function bytesOf(text: string | undefined): number {
  const bytes = Number(text);
  return text && bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}
