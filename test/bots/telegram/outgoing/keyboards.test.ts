import { expect, it } from 'vitest';
import { styleButtons } from '../../../../src/bots/telegram/outgoing/keyboards.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import { STYLES } from '../engine.ts';

it('one style only gives no keyboard', () => {
  expect(styleButtons(STYLES.slice(0, 1), '3d', 1, createTexts('en'))).toBeUndefined();
});
