/** Keeping rows where they are while somebody looks at them. */

/** `fresh` in the order of `shown`; what `shown` lacks waits. What is no longer in `fresh` is left out. */
export function held<T>(shown: readonly string[], fresh: readonly T[], key: (item: T) => string): { items: T[]; waiting: T[] } {
  const byKey = new Map(fresh.map((item) => [key(item), item]));
  const items = shown.flatMap((k) => byKey.get(k) ?? []);
  const known = new Set(shown);
  return { items, waiting: fresh.filter((item) => !known.has(key(item))) };
}

export type Value = string | number | null | undefined;

/** Sorted by a column; what has no value comes last either way, and equals keep their order. */
export function sorted<T>(items: readonly T[], value: (item: T) => Value, descending: boolean): T[] {
  const turn = descending ? -1 : 1;
  return [...items].sort((a, b) => {
    const [x, y] = [value(a) ?? null, value(b) ?? null];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
    return order * turn;
  });
}

/** Rows of a long table that are near the window, and the heights of what is left out above and below. */
export function windowed(total: number, rowHeight: number, top: number, height: number, around = 30) {
  const first = Math.min(total, Math.max(0, Math.floor(top / rowHeight) - around));
  const last = Math.min(total, Math.max(first, Math.ceil((top + height) / rowHeight) + around));
  return { first, last, above: first * rowHeight, below: (total - last) * rowHeight };
}

/** Items by a name, in the order in which the names first come. */
export function groupedBy<T>(items: readonly T[], name: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(name(item));
    if (group) group.push(item);
    else groups.set(name(item), [item]);
  }
  return groups;
}
