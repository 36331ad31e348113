import { describe, expect, it } from 'vitest';
import { Serial, SerialByKey } from '../../src/shared/serial.ts';

/** A task that ends when the test says so. */
function held() {
  let end = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { done, end };
}

describe('Serial', () => {
  it('runs in order, and goes on after a task that failed', async () => {
    const serial = new Serial();
    const order: number[] = [];
    const first = held();
    const failed = serial.run(async () => {
      await first.done;
      order.push(1);
      throw new Error('one');
    });
    const second = serial.run(async () => order.push(2));
    first.end();
    await expect(failed).rejects.toThrow('one');
    await second;
    expect(order).toEqual([1, 2]);
  });

  it('is idle when all tasks have ended, well or not', async () => {
    const serial = new Serial();
    serial.run(() => Promise.reject(new Error('no'))).catch(() => {});
    await serial.idle();
  });
});

describe('SerialByKey', () => {
  it('runs the tasks of one key in order, and other keys meanwhile', async () => {
    const serial = new SerialByKey<string>();
    const order: string[] = [];
    const first = held();
    const a1 = serial.run('a', async () => {
      await first.done;
      order.push('a1');
    });
    const a2 = serial.run('a', async () => order.push('a2'));
    await serial.run('b', async () => order.push('b'));
    expect(order).toEqual(['b']);
    first.end();
    await Promise.all([a1, a2]);
    expect(order).toEqual(['b', 'a1', 'a2']);
  });

  it('a task that fails does not keep the next of its key from running', async () => {
    const serial = new SerialByKey<number>();
    const failed = serial.run(1, () => Promise.reject(new Error('no')));
    const next = serial.run(1, async () => 'yes');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
