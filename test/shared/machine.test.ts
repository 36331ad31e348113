import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readMachine } from '../../src/shared/machine.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** Control group files under a folder of the test's own. */
function machineWith(files: Readonly<Record<string, string>>, self: string) {
  const folder = mkdtempSync(join(tmpdir(), 'dctoon-cgroup-'));
  made.push(folder);
  for (const [name, text] of Object.entries({ ...files, self })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${text}\n`);
  }
  return readMachine({ cgroup: folder, self: join(folder, 'self') });
}

describe('what of the machine may be used', () => {
  it('is all of it without control groups', () => {
    const missing = { cgroup: '/nowhere', self: '/nowhere/self' };
    expect(readMachine(missing)).toEqual({ cores: availableParallelism(), memoryBytes: totalmem() });
  });

  it('is what a container is given (version 2)', () => {
    const files = { 'cpu.max': '50000 100000', 'memory.max': '500000000' };
    expect(machineWith(files, '0::/')).toEqual({ cores: 0.5, memoryBytes: 500_000_000 });
  });

  it('is what the tightest group above allows', () => {
    const files = {
      'system.slice/cpu.max': '25000 100000',
      'system.slice/memory.max': 'max',
      'system.slice/dctoon.service/cpu.max': 'max 100000',
      'system.slice/dctoon.service/memory.max': '300000000',
    };
    expect(machineWith(files, '0::/system.slice/dctoon.service')).toEqual({
      cores: 0.25,
      memoryBytes: 300_000_000,
    });
  });

  it('is what version 1 says', () => {
    const files = {
      'cpu/docker/a/cpu.cfs_quota_us': '80000',
      'cpu/docker/a/cpu.cfs_period_us': '100000',
      'memory/docker/a/memory.limit_in_bytes': '400000000',
    };
    const self = '4:cpu,cpuacct:/docker/a\n3:memory:/docker/a\n0::/';
    expect(machineWith(files, self)).toEqual({ cores: 0.8, memoryBytes: 400_000_000 });
  });

  it('takes no limit for one, and rubbish for none', () => {
    const files = {
      'cpu/cpu.cfs_quota_us': '-1',
      'cpu/cpu.cfs_period_us': '100000',
      'memory/memory.limit_in_bytes': '9223372036854771712',
      'memory.max': 'what?',
    };
    expect(machineWith(files, '4:cpu:/\n3:memory:/\nrubbish')).toEqual({
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    });
  });
});
