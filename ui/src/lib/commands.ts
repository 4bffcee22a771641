/** The same question on the command line and by curl. */
import { address, type Params } from './api/client';

const DEFAULT_SERVER = 'http://127.0.0.1:8080';

/** A word of a POSIX shell command. */
export function shell(word: string): string {
  return /^[\w./:@,=-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** `whither drops --group billing`, with the server where it is not the default one. */
export function cli(words: string[], flags: Params, origin: string): string {
  const given = Object.entries(flags).flatMap(([name, value]) => (value === null || value === undefined || value === '' ? [] : [`--${name}`, shell(String(value))]));
  const server = origin === DEFAULT_SERVER ? [] : ['--server', shell(origin)];
  return ['whither', ...words.map(shell), ...given, ...server].join(' ');
}

export function curl(path: string, params: Params, origin: string): string {
  return `curl -s ${shell(origin + address(path, params))}`;
}
