import type { LogLine } from '../schema';
import { clock } from './format';

/** Lines that hold a text, found as they come: what was looked through already isn't again. */
export class Found {
  private _indices: number[] = [];
  private _until = 0;
  private _dropped = 0;
  private _lines: readonly LogLine[] | null = null;

  constructor(readonly text: string) {}

  /** Places in `lines`, of which `dropped` have given way at the beginning. */
  in(lines: readonly LogLine[], dropped: number): readonly number[] {
    if (dropped !== this._dropped || (lines !== this._lines && dropped === 0)) {
      this._indices = [];
      this._until = 0;
    }
    this._dropped = dropped;
    this._lines = lines;
    const wanted = this.text.toLowerCase();
    for (; this._until < lines.length; this._until++) {
      const line = lines[this._until];
      if (line.text.toLowerCase().includes(wanted) || line.node.toLowerCase().includes(wanted)) {
        this._indices.push(this._until);
      }
    }
    return this._indices;
  }
}

/** A text in parts, every second of which is what was looked for. */
export function parts(text: string, wanted: string): string[] {
  if (!wanted) {
    return [text];
  }
  const found: string[] = [];
  const low = text.toLowerCase();
  const sought = wanted.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(sought); at >= 0; at = low.indexOf(sought, from)) {
    found.push(text.slice(from, at), text.slice(at, at + sought.length));
    from = at + sought.length;
  }
  return [...found, text.slice(from)];
}

/** A line without the codes that colour a terminal. */
export function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '');
}

/** A line as it is copied. */
export function copied(line: LogLine): string {
  return [clock(line.time), line.node, line.level, plain(line.text)].filter(Boolean).join('  ');
}

/** One of eight colours for a name: the same wherever it is written. */
export function tint(name: string): number {
  let hash = 0;
  for (const letter of name) {
    hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) | 0;
  }
  return Math.abs(hash) % 8;
}
