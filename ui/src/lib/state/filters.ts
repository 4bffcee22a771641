/** The filters that lists share, as they stand in the page's address and in the API's. */
import type { Params } from '../api/client';

export const FILTERS = ['group', 'topic', 'partition', 'verdict', 'cause', 'certainty', 'since', 'until'] as const;
export type Filter = (typeof FILTERS)[number];

export function filtersOf(query: URLSearchParams, of: readonly Filter[] = FILTERS): Params {
  return Object.fromEntries(of.map((name) => [name, query.get(name)]).filter(([, value]) => value));
}

/** A span that ends now, as absolute times: links mean the same tomorrow. */
export function lately(seconds: number, now: Date): { since: string; until: null } {
  return { since: new Date(now.getTime() - seconds * 1000).toISOString(), until: null };
}

/** The address of the page with some of its query changed; `null` takes a part out. */
export function changed(path: string, query: URLSearchParams, changes: Record<string, string | null>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return path + (text ? `?${text}` : '');
}
