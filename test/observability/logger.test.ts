import { describe, expect, it } from 'vitest';
import { createLogger, scrub } from '../../src/observability/logger.ts';

const TELEGRAM = '123456789:AAHfakefakefakefakefakefakefakefake';
const DISCORD = ['MTAwMDAwMDAwMDAwMDAwMDAw', 'GabcDE', 'fakefakefakefakefakefakefake'].join('.');

describe('the log', () => {
  it.each([true, false])('never shows a token, wherever it hides (readable: %s)', (readable) => {
    const lines: string[] = [];
    const logger = createLogger({
      level: 'info',
      readable,
      secrets: ['an exact secret'],
      write: (line) => void lines.push(line),
    });
    logger.info(
      { url: `https://api.example/file/bot${TELEGRAM}/photo.jpg`, token: 'x' },
      `login as ${DISCORD}`,
    );
    logger.error(
      new Error(`POST /webhooks/12345/aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTA/messages failed`),
    );
    logger.warn('this is an exact secret');
    const all = lines.join('');
    expect(all).toMatch(/telegram token/);
    for (const secret of [TELEGRAM, DISCORD, 'aW50ZXJhY3Rpb246', 'an exact secret', '"token":"x"']) {
      expect(all).not.toContain(secret);
    }
    expect(lines).toHaveLength(3);
  });

  it.each(['a', '1', '-', 'a.', '1:', 'aaaaaaaaaaaaaaaaaaaaaaaa.', '/webhooks/1', '/interactions/'])(
    'scrubs a megabyte of %j at once: a stranger may send it',
    (part) => {
      const text = part.repeat(1_000_000 / part.length);
      const startedAt = performance.now();
      scrub(text);
      expect(performance.now() - startedAt).toBeLessThan(5000);
    },
  );

  it('leaves ordinary text alone', () => {
    expect(scrub('photo 42 of user 12345 took 31.5 ms')).toBe('photo 42 of user 12345 took 31.5 ms');
  });
});
