/**
 * The server writes the sentences; here they are only cut into a head ("12 of orders/0 [760..772) for audit expired")
 * and the reasons that follow, and the places named in them become links.
 */
import type { Finding } from '../api/types';
import { to } from '../state/routes';

export interface Piece { text: string; href?: string; mono?: boolean }

/** What is said first, without the number that stands beside it, and the reasons. */
export function parts(finding: Pick<Finding, 'text' | 'topic' | 'partition'>): { head: string; reasons: string } {
  const cut = finding.text.indexOf(': ', Math.max(0, finding.text.indexOf(') ')));
  const head = cut < 0 ? finding.text : finding.text.slice(0, cut);
  const reasons = cut < 0 ? '' : finding.text.slice(cut + 2);
  return { head: head.replace(/^(at most )?[\d,]+ of (?=\S+\/\d)/, ''), reasons };
}

/** The head with its partition, range and group as links. */
export function pieces(head: string, finding: Finding): Piece[] {
  const at = `${finding.topic}/${finding.partition}`;
  const range = `[${finding.from}..${finding.to})`;
  const links: Piece[] = [
    { text: `${at} ${range}`, href: to.ranges(finding), mono: true },
    { text: at, href: to.ranges(finding), mono: true },
  ];
  const group = finding.group;
  if (group) links.push({ text: group, href: to.group(group) });
  return links.reduce<Piece[]>((all, link) => all.flatMap((piece) => (piece.href ? [piece] : split(piece, link))), [{ text: head }]);
}

/** Cuts the first whole occurrence of the link's words out of plain text. */
function split(piece: Piece, link: Piece): Piece[] {
  let start = piece.text.indexOf(link.text);
  while (start >= 0 && !stands(piece.text, start, link.text.length)) start = piece.text.indexOf(link.text, start + 1);
  if (start < 0) return [piece];
  const around = [{ text: piece.text.slice(0, start) }, link, { text: piece.text.slice(start + link.text.length) }];
  return around.filter((p) => p.text !== '');
}

/** Whether these characters are a word of their own: the group `a` is not in `data`. */
function stands(text: string, start: number, length: number): boolean {
  const word = /[\w./-]/;
  return !word.test(text[start - 1] ?? ' ') && !/[\w/-]/.test(text[start + length] ?? ' ');
}
