/** Addresses of screens. They are deep links: they stay as they are once released. */

export type Place =
  | { screen: 'overview' | 'drops' | 'lag' | 'topics' | 'groups' | 'dead-letters' | 'setup' | 'find' }
  | { screen: 'drop'; id: string }
  | { screen: 'topic'; topic: string }
  | { screen: 'group'; group: string }
  | { screen: 'message'; topic: string; partition: number; offset: number }
  | { screen: 'nowhere'; path: string };

export type Screen = Place['screen'];

/** What the bar offers, with its key after `g`. A new screen is a line here and one in `app.svelte`. */
export const SCREENS: { screen: Screen; path: string; title: string; key: string }[] = [
  { screen: 'overview', path: '/', title: 'Overview', key: 'o' },
  { screen: 'drops', path: '/drops', title: 'Drops', key: 'd' },
  { screen: 'topics', path: '/topics', title: 'Topics', key: 't' },
  { screen: 'groups', path: '/groups', title: 'Groups', key: 'g' },
  { screen: 'lag', path: '/lag', title: 'Lag', key: 'l' },
  { screen: 'dead-letters', path: '/dead-letters', title: 'Dead letters', key: 'x' },
  { screen: 'setup', path: '/setup', title: 'Setup', key: 's' },
];

const PARENTS: Partial<Record<Screen, Screen>> = { drop: 'drops', topic: 'topics', group: 'groups' };

/** The entry of the bar under which a screen stands. */
export function under(screen: Screen): Screen {
  return PARENTS[screen] ?? screen;
}

export function match(path: string): Place {
  const [first = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  const [second, third, fourth] = rest;
  if (rest.length === 0) {
    const found = SCREENS.find((s) => s.path === `/${first}`);
    if (found) return { screen: found.screen } as Place;
    if (first === 'find') return { screen: 'find' };
  }
  if (rest.length === 1 && second !== undefined) {
    if (first === 'drops') return { screen: 'drop', id: second };
    if (first === 'topics') return { screen: 'topic', topic: second };
    if (first === 'groups') return { screen: 'group', group: second };
  }
  if (first === 'm' && rest.length === 3 && second !== undefined && isNumber(third) && isNumber(fourth)) {
    return { screen: 'message', topic: second, partition: Number(third), offset: Number(fourth) };
  }
  return { screen: 'nowhere', path };
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,16}$/.test(text);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Query = Record<string, string | number | null | undefined>;

function link(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, v]) => v !== null && v !== undefined && v !== '');
  const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
  return path + (text ? `?${text}` : '');
}

const part = encodeURIComponent;

export const to = {
  drops: (query: Query = {}) => link('/drops', query),
  drop: (id: string) => `/drops/${part(id)}`,
  topic: (topic: string, query: Query = {}) => link(`/topics/${part(topic)}`, query),
  group: (group: string) => `/groups/${part(group)}`,
  message: (topic: string, partition: number, offset: number) => `/m/${part(topic)}/${partition}/${offset}`,
  find: (q: string) => link('/find', { q }),
  /** The strip of a partition around a range of offsets, as its group sees it. */
  ranges: (r: { topic: string; partition: number; from: number; to: number; group?: string | null }) => {
    const margin = Math.max(20, Math.ceil((r.to - r.from) / 4));
    const from = Math.max(0, r.from - margin);
    return to.topic(r.topic, { group: r.group, partition: r.partition, from, to: r.to + margin });
  },
};
