/** A partition as a strip of ranges: where each stands, what it is, and the sum that must come out. */
import type { Range, RangeKind, Verdict } from './api/types';
import { count, plural } from './format/numbers';
import { isLost, LOOKS, ORDER, type Tone } from './verdict';

/** What a range or a cell looks like: a verdict's tone, or what it is when it holds no records. */
export interface Paint {
  tone: Tone | 'hole' | 'gone' | 'unread';
  word: string;
  glyph: string;
  /** No longer in the log: what became of it is known all the same. */
  past?: boolean;
}

const KIND_WORDS: Record<Exclude<RangeKind, 'records'>, Paint> = {
  hole: { tone: 'hole', word: 'marker or hole', glyph: '' },
  aborted: { tone: 'aborted', word: 'aborted', glyph: '↺' },
  pending: { tone: 'inflight', word: 'in an open transaction', glyph: '◌' },
  unread: { tone: 'unread', word: 'unread', glyph: '·' },
  gone: { tone: 'gone', word: 'gone from the log', glyph: '' },
};

export function paint(range: Pick<Range, 'kind' | 'verdict'>): Paint {
  if (range.verdict && range.kind !== 'hole') {
    const { tone, word, glyph } = LOOKS[range.verdict];
    return { tone: range.kind === 'unread' && tone === 'unknown' ? 'unread' : tone, word, glyph, past: range.kind === 'gone' && !isLost(range.verdict) };
  }
  return range.kind === 'records' ? { tone: 'unknown', word: 'records', glyph: '' } : KIND_WORDS[range.kind];
}

export interface Segment { range: Range; paint: Paint; left: number; width: number }

/** Ranges as shares of the strip. What was lost is never drawn too narrow to be seen. */
export function segments(items: readonly Range[], from: number, to: number, least = 0.004): Segment[] {
  const whole = Math.max(1, to - from);
  return items
    .filter((range) => range.to > from && range.from < to)
    .map((range) => {
      const left = (Math.max(range.from, from) - from) / whole;
      const width = (Math.min(range.to, to) - Math.max(range.from, from)) / whole;
      const look = paint(range);
      const wide = look.tone === 'lost' || look.tone === 'skipped' || look.tone === 'dead' ? Math.max(width, least) : width;
      return { range, paint: look, left: Math.min(left, 1 - wide), width: wide };
    });
}

/** The window of a zoom: `factor` < 1 looks closer, around an offset, within the log. */
export function zoomed(from: number, to: number, around: number, factor: number, log: { from: number; to: number }) {
  const width = Math.max(LEAST_WINDOW, Math.round((to - from) * factor));
  if (width >= log.to - log.from) return { ...log };
  const start = Math.round(around - ((around - from) / Math.max(1, to - from)) * width);
  const begin = Math.min(Math.max(start, log.from), log.to - width);
  return { from: begin, to: begin + width };
}

const LEAST_WINDOW = 40;
/** Offsets up to which each is drawn as a cell. */
export const MOST_CELLS = 800;

/** One paint for each offset of a window; null where nothing was told. */
export function cells(items: readonly Range[], from: number, to: number): (Paint | null)[] {
  const all: (Paint | null)[] = Array.from({ length: Math.max(0, to - from) }, () => null);
  for (const range of items) {
    const look = paint(range);
    for (let offset = Math.max(range.from, from); offset < Math.min(range.to, to); offset += 1) all[offset - from] = look;
  }
  return all;
}

export interface Sum {
  parts: { n: number; paint: Paint; verdict: Verdict | null }[];
  records: number;
  /** Offsets that are told, of those of the window. */
  told: number;
  width: number;
  holds: boolean;
}

/** Counts what is in the window. It holds if every offset is accounted for exactly once. */
export function sum(items: readonly Range[], from: number, to: number): Sum {
  const counts = new Map<string, Sum['parts'][number]>();
  let [records, told] = [0, 0];
  const add = (n: number, look: Paint, verdict: Verdict | null) => {
    const entry = counts.get(look.word) ?? { n: 0, paint: look, verdict };
    if (n > 0) counts.set(look.word, { ...entry, n: entry.n + n });
  };
  for (const range of items) {
    const width = Math.min(range.to, to) - Math.max(range.from, from);
    if (width <= 0) continue;
    told += width;
    const isRecord = range.kind !== 'hole';
    // A range of records may hold offsets that are none: markers that were only counted, not placed.
    const none = range.kind === 'records' && width === range.to - range.from ? width - range.records : 0;
    add(width - none, paint(range), isRecord ? range.verdict : null);
    add(none, KIND_WORDS.hole, null);
    if (isRecord && (range.kind !== 'gone' || range.verdict)) records += width - none;
  }
  const rank = (v: Verdict | null) => (v ? ORDER.indexOf(v) : ORDER.length);
  const parts = [...counts.values()].sort((a, b) => rank(a.verdict) - rank(b.verdict));
  return { parts, records, told, width: to - from, holds: told === to - from };
}

/** `180 + 209 + 2 = 391 offsets, adds up` */
export function sumWords({ parts, told, width, holds }: Sum): string {
  const left = parts.map((p) => count(p.n)).join(' + ') || '0';
  if (holds) return `${left} = ${plural(width, 'offset')}, adds up`;
  return `${left} = ${count(told)} of ${plural(width, 'offset')}: ${count(Math.abs(width - told))} are told ${told < width ? 'nowhere' : 'twice'}`;
}
