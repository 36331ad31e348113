import { describe, expect, it } from 'vitest';
import { ByteBudget, FixedWindow, Gate } from '../../../src/web/middleware/limits.ts';

describe('FixedWindow', () => {
  it('counts per key and window, and says when the next begins', () => {
    let now = 1000;
    const window = new FixedWindow(2, 60_000, () => now);
    expect([window.hit('a'), window.hit('a'), window.hit('b')]).toEqual([0, 0, 0]);
    expect(window.hit('a')).toBe(59);
    now = 59_999;
    expect(window.hit('a')).toBe(1);
    now = 60_000;
    expect(window.hit('a')).toBe(0);
  });

  it('of 0 never limits', () => {
    const window = new FixedWindow(0, 1000);
    for (let n = 0; n < 100; n += 1) expect(window.hit('a')).toBe(0);
  });
});

describe('Gate', () => {
  it('has places in all and per key, and takes each back once', () => {
    const gate = new Gate(3, 2);
    const leave = gate.enter('a');
    expect(gate.enter('a')).toBeDefined();
    expect(gate.enter('a')).toBeUndefined();
    expect(gate.enter('b')).toBeDefined();
    expect(gate.enter('c')).toBeUndefined();
    leave?.();
    leave?.();
    expect(gate.enter('c')).toBeDefined();
    expect(gate.enter('d')).toBeUndefined();
  });
});

describe('ByteBudget', () => {
  it('is not overdrawn', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(6), budget.take(5), budget.take(4)]).toEqual([true, false, true]);
    budget.give(6);
    expect(budget.take(6)).toBe(true);
  });
});
