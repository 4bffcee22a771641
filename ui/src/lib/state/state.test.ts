import { expect, test } from 'vitest';
import { changed, filtersOf, lately } from './filters';
import { held, sorted, windowed } from './order';
import { match, SCREENS, to, under } from './routes';

test('every screen of the bar has an address that leads to it', () => {
  for (const s of SCREENS) expect(match(s.path)).toEqual({ screen: s.screen });
  expect(new Set(SCREENS.map((s) => s.key)).size).toBe(SCREENS.length);
});

test('addresses come back as the places they were made from', () => {
  expect(match(to.topic('a b/ü'))).toEqual({ screen: 'topic', topic: 'a b/ü' });
  expect(match(to.group('x/y%'))).toEqual({ screen: 'group', group: 'x/y%' });
  expect(match(to.drop('32e7'))).toEqual({ screen: 'drop', id: '32e7' });
  expect(match(to.message('orders', 3, 88231))).toEqual({ screen: 'message', topic: 'orders', partition: 3, offset: 88231 });
  expect(match(to.find('a=b&c').split('?')[0] ?? '')).toEqual({ screen: 'find' });
});

test('what is no address is told as such', () => {
  for (const path of ['/nothing', '/m/orders/3', '/m/orders/3/-1', '/m/orders/x/1', '/drops/a/b', '/%E0%A4%A']) {
    expect(match(path).screen).toBe('nowhere');
  }
  expect(under('group')).toBe('groups');
});

test('the query holds the filters, and a change keeps the rest', () => {
  const query = new URLSearchParams('group=billing&drop=1&since=2026-11-21T13%3A00%3A00.000Z');
  expect(filtersOf(query)).toEqual({ group: 'billing', since: '2026-11-21T13:00:00.000Z' });
  expect(changed('/drops', query, { drop: null, cause: 'offset_reset', since: null })).toBe('/drops?group=billing&cause=offset_reset');
  expect(lately(3600, new Date('2026-11-21T14:00:00Z'))).toEqual({ since: '2026-11-21T13:00:00.000Z', until: null });
});

test('rows keep their place while they are looked at; new ones wait', () => {
  const key = (item: { id: string; n: number }) => item.id;
  const fresh = [{ id: 'new', n: 9 }, { id: 'b', n: 5 }, { id: 'a', n: 2 }];
  expect(held(['a', 'gone', 'b'], fresh, key)).toEqual({ items: [{ id: 'a', n: 2 }, { id: 'b', n: 5 }], waiting: [{ id: 'new', n: 9 }] });
});

test('sorting is by number or by natural text, and nothing comes last', () => {
  const items = [{ n: null }, { n: 2 }, { n: 10 }];
  expect(sorted(items, (i) => i.n, true).map((i) => i.n)).toEqual([10, 2, null]);
  expect(sorted(items, (i) => i.n, false).map((i) => i.n)).toEqual([2, 10, null]);
  expect(sorted(['p/10', 'p/2'], (i) => i, false)).toEqual(['p/2', 'p/10']);
});

test('a window over many rows leaves the height as it is', () => {
  const w = windowed(10000, 30, 3000, 600, 10);
  expect(w).toEqual({ first: 90, last: 130, above: 2700, below: 296100 });
  expect(w.above + (w.last - w.first) * 30 + w.below).toBe(300000);
  expect(windowed(5, 30, 9000, 600)).toMatchObject({ last: 5, below: 0 });
});
