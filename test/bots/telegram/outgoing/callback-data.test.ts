import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CALLBACK_DATA_BYTES,
  type CallbackData,
  decodeCallbackData,
  encodeCallbackData,
} from '../../../../src/bots/telegram/outgoing/callback-data.ts';

describe('callback data', () => {
  const style = fc.stringMatching(/^[\w-]{1,30}$/);
  const requester = fc.integer({ min: -1_999_999_999_999, max: 9_999_999_999 });
  const data: fc.Arbitrary<CallbackData> = fc.oneof(
    fc.record({ kind: fc.constant('draw' as const), requester, style }),
    fc.record({ kind: fc.constant('choose' as const), style }),
    fc.record({ kind: fc.constant('cancel' as const), requester, job: style }),
    fc.record({ kind: fc.constant('cancelAlbum' as const), requester, album: style }),
  );

  it('comes back as it was, within 64 bytes', () => {
    fc.assert(
      fc.property(data, (original) => {
        const text = encodeCallbackData(original);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(CALLBACK_DATA_BYTES);
        expect(decodeCallbackData(text)).toEqual(original);
      }),
    );
  });

  it('of any other kind is nothing', () => {
    fc.assert(
      fc.property(fc.string(), (data) => {
        const decoded = decodeCallbackData(data);
        if (decoded) expect(data).toMatch(/^[sdca]:/);
      }),
    );
  });

  it('of a long job of a supergroup still fits', () => {
    const data = encodeCallbackData({
      kind: 'cancel',
      requester: 9_999_999_999,
      job: 'tg--1002147483647-2147483647',
    });
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
  });
});
