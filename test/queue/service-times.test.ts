import { describe, expect, it } from 'vitest';
import { finishTime, ServiceTimes } from '../../src/queue/service-times.ts';

describe('service times', () => {
  it('start with the expectation, then follow the measurements of each style', () => {
    const times = new ServiceTimes(2000);
    expect(times.expect('3d')).toBe(2000);
    times.record('3d', 1000);
    expect([times.expect('3d'), times.expect('anime'), times.expect()]).toEqual([1000, 1000, 1000]);
    times.record('anime', 500);
    expect(times.expect('anime')).toBe(500);
    expect(times.expect()).toBe(900);
    for (let index = 0; index < 50; index++) times.record('3d', 3000);
    expect(times.expect('3d')).toBeCloseTo(3000, -1);
    expect(times.expect('anime')).toBe(500);
  });

  it('add up over the workers', () => {
    expect(finishTime(1, [], [100])).toBe(100);
    expect(finishTime(1, [50], [100, 100])).toBe(250);
    expect(finishTime(2, [50], [100, 100])).toBe(150);
    expect(finishTime(2, [50, 400], [100, 100, 100])).toBe(350);
    expect(finishTime(3, [], [])).toBe(0);
  });
});
