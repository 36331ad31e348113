/** How much a photo may cost. */

export interface Profile {
  /**
   * Whole pictures are drawn with their short side at most this long, in pixels; the photo's detail comes back
   * afterwards (`drawing/detail-transfer.ts`). DCT-Net draws at 720, without that: twice the time, no visible gain (compared side by side).
   */
  readonly drawingSide: number;
  /** Longest side of a decoded photo, and so of a cartoon, in pixels; larger photos are shrunk. JPEG knows 65535. */
  readonly longestSide: number;
  /** Its area, likewise: it is in memory once, with three bytes a pixel. */
  readonly mostPixels: number;
  /** Most memory that decoding may take, in bytes; photos that need more are refused by name. */
  readonly decodeBytes: number;
  /**
   * When no more heads are drawn, of which the smallest come last: what they may take in memory (half a megabyte each), and in time,
   * from the photo's first byte on. The others keep their features.
   */
  readonly heads: { readonly most: number; readonly untilMs: number };
  /** Styles whose sessions stay open at the same time in a process. */
  readonly openStyles: number;
}

/** Where photos are worked on. */
export interface Isolation {
  /**
   * In a process of its own, which survives whatever a photo does to native code. Otherwise in a thread, which saves the
   * 70 MB that a second Node takes, and takes the service along should it crash.
   */
  readonly isolated: boolean;
}

export type ProfileName = 'full' | 'small';

export const PROFILES: Readonly<Record<ProfileName, Profile & Isolation>> = {
  full: {
    drawingSide: 448,
    longestSide: 65_500,
    mostPixels: 24e6,
    decodeBytes: 310e6,
    heads: { most: 200, untilMs: 20_000 },
    openStyles: 3,
    isolated: true,
  },
  /** For servers of 512 MB and one core. */
  small: {
    drawingSide: 320,
    longestSide: 2048,
    mostPixels: 2048 * 2048,
    decodeBytes: 120e6,
    heads: { most: 60, untilMs: 20_000 },
    openStyles: 1,
    isolated: false,
  },
};
