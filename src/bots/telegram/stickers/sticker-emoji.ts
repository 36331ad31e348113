/** What a sticker may stand for. Cartoons of people show any mood, so it begins with none. */
export const STICKER_EMOJI = ['🙂', '😂', '😍', '😎', '😢', '😡', '👍', '🎉'] as const;
export const DEFAULT_EMOJI = STICKER_EMOJI[0];
