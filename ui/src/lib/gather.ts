/** What belongs together for a reader: one reset moves a group on many partitions, and is one thing that happened. */
import type { Certainty, Finding, ShownAs } from './api/types';
import { groupedBy, sorted } from './state/order';

export interface Gathered {
  key: string;
  findings: Finding[];
  /** The one with the most records, which stands for all. */
  first: Finding;
  records: number;
  at_most: boolean;
  /** The least sure of them. */
  certainty: Certainty;
  last_seen: string;
}

const SUREST: Certainty[] = ['unknown', 'indicative', 'strong', 'proof'];

export function gathered(findings: readonly Finding[]): Gathered[] {
  const groups = groupedBy(findings, (f) => [f.shown_as, f.cause, f.verdict, f.group ?? '', f.topic].join(' '));
  return [...groups].map(([key, all]) => {
    const [first = all[0]] = sorted(all, (f) => f.records, true);
    return {
      key, findings: all, first: first as Finding,
      records: all.reduce((n, f) => n + f.records, 0),
      at_most: all.some((f) => f.at_most),
      certainty: SUREST.find((c) => all.some((f) => f.certainty === c)) ?? 'unknown',
      last_seen: all.map((f) => f.last_seen).sort().at(-1) ?? '',
    };
  });
}

const WORST: ShownAs[] = ['loss', 'risk', 'stuck', 'dead', 'dormant', 'note'];
const HOUR_MS = 3_600_000;

/** What is being lost now, what will be, what stands still; then what was lost before. The most records first. */
export function worstFirst(all: readonly Gathered[], now: Date): Gathered[] {
  const rank = ({ first, findings, records }: Gathered) => {
    const old = first.shown_as === 'loss' && findings.every((f) => Date.parse(f.first_seen) < now.getTime() - HOUR_MS);
    return `${old ? WORST.length : WORST.indexOf(first.shown_as)} ${String(1e16 - records)}`;
  };
  return sorted(all, rank, false);
}
