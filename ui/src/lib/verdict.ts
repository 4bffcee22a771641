/** One verdict, one colour, one glyph, everywhere. The tone is a class name of `look.css`. */
import type { Certainty, LagState, ShownAs, Verdict, Verdicts } from './api/types';

export type Tone =
  | 'delivered' | 'inflight' | 'lost' | 'dead' | 'aborted' | 'filtered' | 'skipped' | 'unknown';

export interface Look { word: string; tone: Tone; glyph: string }

export const LOOKS: Record<Verdict, Look> = {
  delivered: { word: 'delivered', tone: 'delivered', glyph: '✓' },
  in_flight: { word: 'in flight', tone: 'inflight', glyph: '◌' },
  filtered: { word: 'filtered', tone: 'filtered', glyph: '▽' },
  dead_lettered: { word: 'dead-lettered', tone: 'dead', glyph: '◆' },
  aborted: { word: 'aborted', tone: 'aborted', glyph: '↺' },
  expired: { word: 'expired', tone: 'lost', glyph: '✕' },
  deleted: { word: 'deleted', tone: 'lost', glyph: '✕' },
  truncated: { word: 'truncated', tone: 'lost', glyph: '✕' },
  failed: { word: 'failed', tone: 'lost', glyph: '✕' },
  not_produced: { word: 'not produced', tone: 'lost', glyph: '✕' },
  lost_at_dead_letter: { word: 'lost at a dead letter', tone: 'lost', glyph: '✕' },
  skipped: { word: 'skipped', tone: 'skipped', glyph: '»' },
  superseded: { word: 'superseded', tone: 'aborted', glyph: '≡' },
  before_start: { word: 'before its start', tone: 'unknown', glyph: '‹' },
  unread: { word: 'unread', tone: 'unknown', glyph: '·' },
  unknown: { word: 'unknown', tone: 'unknown', glyph: '?' },
};

/** The order in which verdicts are listed: what is well first, what is lost next, what is open last. */
export const ORDER: Verdict[] = [
  'delivered', 'in_flight', 'filtered', 'aborted', 'dead_lettered', 'expired', 'deleted', 'truncated', 'skipped', 'failed',
  'not_produced', 'lost_at_dead_letter', 'superseded', 'before_start', 'unread', 'unknown',
];

const LOST: Verdict[] = ['expired', 'deleted', 'truncated', 'skipped', 'failed', 'not_produced', 'lost_at_dead_letter'];

export function isLost(verdict: Verdict): boolean {
  return LOST.includes(verdict);
}

export function lostOf(verdicts: Verdicts): number {
  return LOST.reduce((sum, verdict) => sum + (verdicts[verdict] ?? 0), 0);
}

/** What can be shown of verdicts, in the order of listing. */
export function listed(verdicts: Verdicts): [Verdict, number][] {
  return ORDER.map((v): [Verdict, number] => [v, verdicts[v] ?? 0]).filter(([, n]) => n > 0);
}

export const KINDS: Record<ShownAs, { word: string; heading: string; tone: Tone; glyph: string }> = {
  loss: { word: 'lost', heading: 'Lost', tone: 'lost', glyph: '✕' },
  risk: { word: 'at risk', heading: 'At risk', tone: 'skipped', glyph: '△' },
  stuck: { word: 'stuck', heading: 'Stuck', tone: 'inflight', glyph: '◌' },
  dead: { word: 'dead letters', heading: 'Dead letters', tone: 'dead', glyph: '◆' },
  dormant: { word: 'dormant', heading: 'Dormant', tone: 'unknown', glyph: '‹' },
  note: { word: 'note', heading: 'Notes', tone: 'aborted', glyph: '·' },
};

export const CERTAINTIES: Record<Certainty, string> = {
  proof: "the broker's log or coordinator determines it; never revised",
  strong: 'independent sources agree and one explanation is left',
  indicative: 'counts or timing only',
  unknown: 'nothing shows it either way',
};

export const STATES: Record<LagState, Look & { means: string }> = {
  ok: { word: 'keeps up', tone: 'delivered', glyph: '✓', means: 'it keeps up' },
  falling_behind: { word: 'falling behind', tone: 'skipped', glyph: '▲', means: 'its producers are faster' },
  stalled: { word: 'stalled', tone: 'lost', glyph: '‖', means: 'it has members, records wait, and it does not move' },
  stopped: { word: 'stopped', tone: 'skipped', glyph: '■', means: 'records wait, and it has no members' },
  rewound: { word: 'rewound', tone: 'inflight', glyph: '↶', means: 'its position went back, and it has not yet passed where it was' },
  dormant: { word: 'dormant', tone: 'unknown', glyph: '‹', means: 'empty, and without a commit for long' },
  unknown: { word: 'unknown', tone: 'unknown', glyph: '?', means: 'no position is known' },
};

/** `offset_reset` as words. */
export function causeWords(cause: string): string {
  return cause.replaceAll('_', ' ');
}
