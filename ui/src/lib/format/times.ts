/** Moments and spans. Moments are shown in UTC, marked by `Z`, as in evidence and on the command line. */
import { NONE } from './numbers';

const UNITS: [size: number, unit: string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];

/** `250 ms`, `40 s`, `1 h 30 min`, `7 d`: the two largest units, rounded down. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  const first = UNITS.findIndex(([size]) => seconds >= size);
  let left = Math.floor(seconds);
  const parts: string[] = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    const n = Math.floor(left / size);
    left %= size;
    if (n > 0) parts.push(`${n} ${unit}`);
  }
  return parts.join(' ');
}

/** `13:01:40Z`, with its day where that is not the day of `now`. */
export function moment(at: string | null | undefined, now: Date = new Date()): string {
  const time = parse(at);
  if (time === null) return NONE;
  const text = time.toISOString();
  const clock = `${text.slice(11, 19)}Z`;
  return text.slice(0, 10) === now.toISOString().slice(0, 10) ? clock : `${text.slice(0, 10)} ${clock}`;
}

/** The moment in full, in UTC and where the reader is. */
export function exact(at: string | null | undefined): string {
  const time = parse(at);
  if (time === null) return 'no time is known';
  return `${time.toISOString()} · here ${time.toLocaleString()}`;
}

/** `12 s ago`, `in 4 min` */
export function away(at: string | null | undefined, now: Date = new Date()): string {
  const time = parse(at);
  if (time === null) return NONE;
  const seconds = (now.getTime() - time.getTime()) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${largest(seconds)} ago` : `in ${largest(-seconds)}`;
}

function largest(seconds: number): string {
  return span(seconds).split(' ').slice(0, 2).join(' ');
}

function parse(at: string | null | undefined): Date | null {
  if (!at) return null;
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? null : time;
}
