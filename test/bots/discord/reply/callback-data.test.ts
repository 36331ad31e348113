import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCallbackData, encodeCallbackData } from '../../../../src/bots/discord/reply/callback-data.ts';

describe('custom ids', () => {
  it('come back as they were', () => {
    const argument = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('again' as const, 'cancel' as const, 'forget' as const),
        argument,
        (action, value) => {
          const id = encodeCallbackData(action, value);
          expect(id.length).toBeLessThanOrEqual(100);
          expect(decodeCallbackData(id)).toEqual({ action, argument: value });
        },
      ),
    );
  });

  it("anything else is nobody's", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        const press = decodeCallbackData(text);
        if (press) expect(press.argument).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
    expect(() => encodeCallbackData('again', '../x')).toThrow('Expected');
  });
});
