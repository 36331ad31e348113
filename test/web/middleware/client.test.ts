import { describe, expect, it } from 'vitest';
import { clientAddress, createVisitorIds } from '../../../src/web/middleware/client.ts';

describe('clientAddress', () => {
  it.each([
    ['no header', undefined, 0, '9.9.9.9'],
    ['a header nobody vouches for', '1.1.1.1', 0, '9.9.9.9'],
    ['one proxy', '1.1.1.1', 1, '1.1.1.1'],
    ['one proxy and an invention of the client', '6.6.6.6, 1.1.1.1', 1, '1.1.1.1'],
    ['two proxies', '6.6.6.6, 1.1.1.1, 2.2.2.2', 2, '1.1.1.1'],
    ['more trust than proxies', '1.1.1.1', 5, '1.1.1.1'],
    ['an empty header', ' , ', 1, '9.9.9.9'],
    ['a port', '1.1.1.1:443', 1, '1.1.1.1'],
    ['brackets', '[2001:db8::1]', 1, '2001:db8::1'],
    ['brackets and a port', '6.6.6.6, [2001:db8::1]:50123', 1, '2001:db8::1'],
    ['IPv6 as it is', '2001:db8::1', 1, '2001:db8::1'],
  ])('with %s', (_, header, trusted, expected) => {
    expect(clientAddress('9.9.9.9', header, trusted)).toBe(expected);
  });

  it('has a word for in-process requests', () => {
    expect(clientAddress(undefined, undefined, 0)).toBe('unknown');
  });
});

describe('users', () => {
  const users = createVisitorIds(new Uint8Array(16));

  it('are one per IPv4 address and one per IPv6 network', () => {
    expect(users('1.2.3.4')).not.toBe(users('1.2.3.5'));
    expect(users('::ffff:1.2.3.4')).toBe(users('1.2.3.4'));
    expect(users('2001:db8:1:2::1')).toBe(users('2001:0db8:0001:0002:ffff:ffff:ffff:ffff'));
    expect(users('2001:db8:1:2::1')).toBe(users('2001:db8:1:3::1'));
    expect(users('2001:db8:1:2::1')).not.toBe(users('2001:db8:2:2::1'));
    expect(users('::1')).toBe(users('::2'));
    expect(users('fe80::1%eth0')).toBe(users('fe80::2'));
  });

  it('say nothing about the address, and fit the queue', () => {
    expect(users('1.2.3.4')).toMatch(/^web-[0-9a-f]{24}$/);
    expect(createVisitorIds()('1.2.3.4')).not.toBe(createVisitorIds()('1.2.3.4'));
  });
});
