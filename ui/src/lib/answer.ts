/** The first line of a screen: its answer, in words. */
import type { DeadLetter, Group, Lag, Status } from './api/types';
import { count, plural, records } from './format/numbers';
import { span } from './format/times';

/** Does the balance hold, and what was lost? */
export function overview(status: Status): string {
  const { lost, residual, totals } = status;
  if (!status.caught_up) return `Still reading what the log holds: ${count(status.records_read)} records so far.`;
  if (residual !== 0) return `${records(Math.abs(residual))} are accounted for nowhere. That is a fault of whither: please report it.`;
  if (totals.records === 0) return 'There is nothing to account for yet: no group has a position.';
  const open = (totals.verdicts.unread ?? 0) + (totals.verdicts.unknown ?? 0);
  if (lost.last_hour > 0) {
    const rest = open > 0 ? `What became of ${count(open)} is not known.` : 'Every other one is accounted for.';
    return `${records(lost.last_hour)} ${lost.last_hour === 1 ? 'was' : 'were'} lost in the last hour. ${rest}`;
  }
  const rest = open > 0 ? `What became of ${records(open)} is not known.` : 'Every one is accounted for.';
  return `Nothing was lost in the last hour. ${rest}`;
}

/** What is under the answer. */
export function measures(status: Status): string[] {
  return [
    `${records(status.totals.records)}, counted for each group`,
    plural(status.topics, 'topic'),
    plural(status.groups, 'group'),
    plural(status.brokers, 'broker'),
    `residual ${count(status.residual)}`,
  ];
}

export function drops(found: { records: number; at_most: boolean; group: string | null; cause: string }[], narrowed: boolean): string {
  if (found.length === 0) return narrowed ? 'Nothing here matches.' : 'Nothing was lost.';
  const total = found.reduce((n, f) => n + f.records, 0);
  const groups = new Set(found.flatMap((f) => f.group ?? [])).size;
  const causes = new Set(found.map((f) => f.cause)).size;
  const most = found.some((f) => f.at_most) ? 'At most ' : '';
  const whom = groups > 0 ? `, for ${plural(groups, 'group')}` : '';
  return `${most}${records(total)} in ${plural(found.length, 'place')}${whom}, by ${plural(causes, 'cause')}.`;
}

export function lag(rows: readonly Lag[]): string {
  if (rows.length === 0) return 'No group has a position.';
  const soonest = least(rows.map((r) => r.loses_data_in_seconds));
  const soon = rows.find((r) => soonest !== null && r.loses_data_in_seconds === soonest);
  if (soon && soonest !== null) return `${soon.group} loses data of ${soon.topic}/${soon.partition} in ${span(soonest)} at this pace.`;
  const behind = rows.filter((r) => r.state === 'falling_behind' || r.state === 'stalled' || r.state === 'stopped');
  const groups = [...new Set(behind.map((r) => r.group))];
  if (groups.length === 0) return 'Every group keeps up.';
  const [first] = groups;
  return groups.length === 1 ? `${first} falls behind on ${plural(behind.length, 'partition')}.` : `${plural(groups.length, 'group')} fall behind, on ${plural(behind.length, 'partition')}.`;
}

export function groups(rows: readonly Group[]): string {
  if (rows.length === 0) return 'No consumer group was seen.';
  const losing = rows.filter((g) => g.lost > 0);
  const active = rows.filter((g) => !g.dormant).length;
  const lost = losing.length === 0 ? 'none lost a record' : `${count(losing.length)} lost records`;
  return `${plural(rows.length, 'group')}, ${count(active)} active; ${lost}.`;
}

export function deadLetters(rows: readonly DeadLetter[]): string {
  if (rows.length === 0) return 'No dead letters were seen.';
  const total = rows.reduce((n, row) => n + row.count, 0);
  const topics = new Set(rows.map((row) => row.topic)).size;
  const reasons = new Set(rows.map((row) => row.exception ?? '')).size;
  return `${plural(total, 'dead letter')} in ${plural(topics, 'topic')}, ${plural(reasons, 'reason')}.`;
}

function least(values: (number | null)[]): number | null {
  const given = values.filter((v) => v !== null);
  return given.length ? Math.min(...given) : null;
}
