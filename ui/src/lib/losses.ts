/** When losses were found: records by slices of time, what was skipped apart from what is gone. */
import type { Finding } from './api/types';

export interface Slice { from: number; lost: number; skipped: number }
export interface Losses { since: number; until: number; slices: Slice[]; most: number }

const DAY_MS = 86_400_000;
const LEAST_MS = 300_000;
/** Spans that people think in. */
const SPANS_MS = [LEAST_MS, 900_000, 3_600_000, 6 * 3_600_000, DAY_MS];

/** The shortest span that holds all losses of the last day, cut into slices. */
export function lossesOver(findings: readonly Finding[], now: number, slices = 60): Losses {
  const found = findings.filter((f) => f.shown_as === 'loss').map((f) => ({ f, at: Date.parse(f.first_seen) })).filter(({ at }) => at > now - DAY_MS && at <= now);
  const oldest = Math.min(now, ...found.map(({ at }) => at));
  const span = SPANS_MS.find((ms) => now - oldest < ms) ?? DAY_MS;
  // Slices begin at round times, so that bars stand still while time goes on.
  const width = span / slices;
  const until = Math.ceil((now + 1) / width) * width;
  const since = until - span;
  const all = Array.from({ length: slices }, (_, i): Slice => ({ from: since + i * width, lost: 0, skipped: 0 }));
  for (const { f, at } of found) {
    const slice = all[Math.max(0, Math.floor((at - since) / width))];
    if (slice) slice[f.verdict === 'skipped' ? 'skipped' : 'lost'] += f.records;
  }
  return { since, until, slices: all, most: Math.max(...all.map((s) => s.lost + s.skipped)) };
}
