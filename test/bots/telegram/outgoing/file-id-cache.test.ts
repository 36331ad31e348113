import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileIdCache } from '../../../../src/bots/telegram/outgoing/file-id-cache.ts';
import { createLogger } from '../../../../src/observability/logger.ts';

describe('FileIdCache', () => {
  it('survives damage, other epochs and its own limit', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-results-'));
    const file = join(folder, 'deep', 'results.jsonl');
    const logger = createLogger({ level: 'silent' });
    const open = async (epoch: string, limit = 3) => {
      const cache = new FileIdCache({ file, epoch, limit, logger });
      await cache.load();
      return cache;
    };
    try {
      const first = await open('a');
      for (const unique of ['1', '2', '3', '4'])
        first.put([{ unique }], { style: '3d' }, 'photo', `id ${unique}`);
      expect(first.get({ unique: '1' }, { style: '3d' }, 'photo')).toBeUndefined();
      expect(first.get({ unique: '4' }, { style: '3d' }, 'photo')).toBe('id 4');
      expect(first.get({ unique: '4' }, { style: '3d' }, 'document')).toBeUndefined();
      expect(first.get({ unique: '4' }, { style: '3d', strength: 100 }, 'photo')).toBe('id 4');
      expect(first.get({ unique: '4' }, { style: '3d', strength: 50 }, 'photo')).toBeUndefined();
      expect(first.get({ digest: '4' }, { style: '3d' }, 'photo')).toBeUndefined();
      await first.close();
      await writeFile(file, `${await readFile(file, 'utf8')}garbage\n["half`);
      const second = await open('a');
      expect(second.get({ unique: '4' }, { style: '3d' }, 'photo')).toBe('id 4');
      await second.close();
      expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);
      // The file does not grow for ever either.
      const third = await open('a');
      for (let i = 0; i < 50; i++) third.put([{ unique: `x${i}` }], { style: '3d' }, 'photo', `id ${i}`);
      await third.close();
      expect((await readFile(file, 'utf8')).trim().split('\n').length).toBeLessThanOrEqual(6);
      const other = await open('b');
      expect(other.get({ unique: '4' }, { style: '3d' }, 'photo')).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
