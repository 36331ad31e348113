import { expect, it } from 'vitest';
import { resultButtons } from '../../../../src/bots/telegram/outgoing/keyboards.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import { STYLES } from '../engine.ts';

it('one style only gives no keyboard', () => {
  expect(
    resultButtons(STYLES.slice(0, 1), { style: '3d', as: 'emoji' }, 1, createTexts('en')),
  ).toBeUndefined();
});
