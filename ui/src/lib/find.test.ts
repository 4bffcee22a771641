import { expect, test } from 'vitest';
import { hrefOf, meanings, positionOf, traceOf } from './find';

const known = { topics: ['orders', 'orders.dlq', 'payments'], groups: ['billing', 'orders-audit'] };
const trace = '6626f84b11f0f7a2c0ffee0badc0de42';

test('a position is understood as people and tools write it', () => {
  const position = { as: 'position', topic: 'orders', partition: 3, offset: 88231 };
  for (const text of ['orders/3@88231', 'orders[3]@88231', ' orders/3/88231 ', 'orders-3@88,231', 'orders/3 @ 88231', 'orders/3:88231']) {
    expect(positionOf(text)).toEqual(position);
  }
  expect(positionOf('my-topic.v2-1@7')).toEqual({ as: 'position', topic: 'my-topic.v2', partition: 1, offset: 7 });
  for (const text of ['orders', 'orders/3', 'orders@5', '@5', 'a=b/3@5', '12:30']) expect(positionOf(text)).toBeNull();
});

test('a trace is an id or a traceparent, never zeros', () => {
  expect(traceOf(trace)).toBe(trace);
  expect(traceOf(`00-${trace.toUpperCase()}-00f067aa0ba902b7-01`)).toBe(trace);
  expect(traceOf('0'.repeat(32))).toBeNull();
  expect(traceOf(trace.slice(1))).toBeNull();
});

test('what is typed is offered in all its meanings, the likeliest first', () => {
  expect(meanings('orders', known)).toEqual([
    { as: 'topic', value: 'orders' }, { as: 'topic', value: 'orders.dlq' }, { as: 'group', value: 'orders-audit' }, { as: 'key', value: 'orders' },
  ]);
  expect(meanings('x-id=8841', known)).toEqual([{ as: 'header', name: 'x-id', value: '8841' }, { as: 'key', value: 'x-id=8841' }]);
  expect(meanings('orders/3@5', known)).toHaveLength(1);
  expect(meanings('lag', known)[0]).toEqual({ as: 'screen', value: 'Lag' });
  expect(meanings('  ', known)).toEqual([]);
});

test('meanings lead somewhere', () => {
  expect(meanings('orders/3@5', known).map(hrefOf)).toEqual(['/m/orders/3/5']);
  expect(meanings('a=b', known).map(hrefOf)).toEqual(['/find?q=a%3Db', '/find?q=a%3Db']);
  expect(meanings('billing', known).map(hrefOf)).toEqual(['/groups/billing', '/find?q=billing']);
});
