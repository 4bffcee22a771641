import { expect, test } from 'vitest';
import { bytes, count, lastWord, rate, share } from './numbers';
import { parts, pieces } from './prose';
import { away, exact, moment, span } from './times';
import type { Finding } from '../api/types';

test('counts have separators, and no number is a dash', () => {
  expect(count(1204331)).toBe('1,204,331');
  expect(count(null)).toBe('–');
});

test('spans have two units, as on the command line', () => {
  expect(span(-4)).toBe('0 ms');
  expect(span(0.999)).toBe('999 ms');
  expect(span(40)).toBe('40 s');
  expect(span(5400)).toBe('1 h 30 min');
  expect(span(604800)).toBe('7 d');
  expect(span(86460)).toBe('1 d');
});

test('moments tell their day when it is another', () => {
  const now = new Date('2026-11-21T13:00:00Z');
  expect(moment('2026-11-21T09:01:02.345Z', now)).toBe('09:01:02Z');
  expect(moment('2026-11-20T13:00:00Z', now)).toBe('2026-11-20 13:00:00Z');
  expect(moment('nonsense', now)).toBe('–');
  expect(exact('2026-11-20T13:00:00Z')).toContain('2026-11-20T13:00:00.000Z');
  expect(away('2026-11-21T12:59:48Z', now)).toBe('12 s ago');
  expect(away('2026-11-21T13:04:00Z', now)).toBe('in 4 min');
});

test('sizes, rates, shares', () => {
  expect(bytes(312)).toBe('312 B');
  expect(bytes(3 * 2 ** 19)).toBe('1.5 MiB');
  expect(rate(412.4)).toBe('412 /s');
  expect(rate(0.25)).toBe('0.3 /s');
  expect(share(1, 100000)).toBe('< 0.1 %');
  expect(share(99999, 100000)).toBe('> 99.9 %');
  expect(share(1, 4)).toBe('25 %');
  expect(lastWord('org.apache.kafka.connect.errors.DataException')).toBe('DataException');
});

const finding = {
  text: '44 of payments/0 [641..685) for pay skipped by a reset, still in the log: pay was at 641 (x: y)',
  topic: 'payments', partition: 0, from: 641, to: 685, group: 'pay',
} as Finding;

test('a finding is cut into head and reasons, its number stands apart', () => {
  expect(parts(finding)).toEqual({
    head: 'payments/0 [641..685) for pay skipped by a reset, still in the log',
    reasons: 'pay was at 641 (x: y)',
  });
  const stuck = { text: 'shipments/0 from 239: transaction open', topic: 'shipments', partition: 0 };
  expect(parts(stuck)).toEqual({ head: 'shipments/0 from 239', reasons: 'transaction open' });
});

test('places become links, once, and only as whole words', () => {
  const found = pieces(parts(finding).head, finding);
  expect(found.map((p) => p.text)).toEqual(['payments/0 [641..685)', ' for ', 'pay', ' skipped by a reset, still in the log']);
  expect(found[0]?.href).toBe('/topics/payments?group=pay&partition=0&from=621&to=705');
  expect(found[2]?.href).toBe('/groups/pay');
});
