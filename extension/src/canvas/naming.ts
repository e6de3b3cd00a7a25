// Writing on the canvas itself: a node's or group's new name, a comment's text.
import type { NodeElement } from '../schema';

import { make } from './dom';
import type { Point } from './scene';
import type { Sheet } from './sheet';

/** Ask for a text at a box; null on Escape or if nothing changed. */
export function write(
  sheet: Sheet,
  text: string,
  box: { left: number; right: number; top: number; bottom: number },
  options: { label: string; lines: boolean }
): Promise<string | null> {
  return new Promise(resolve => {
    const looks = { class: 'tg-writing', 'aria-label': options.label, spellcheck: 'false' };
    const field = options.lines ? make('textarea', { ...looks, rows: 4 }) : make('input', { ...looks, type: 'text' });
    field.value = text;
    const width = Math.max(150, box.right - box.left);
    field.style.width = `${width}px`;
    field.style.left = `${(box.left + box.right - width) / 2}px`;
    field.style.top = `${options.lines ? box.top : (box.top + box.bottom) / 2 - 15}px`;
    let over = false;
    const end = (value: string | null) => {
      if (over) {
        return;
      }
      over = true;
      const focused = field.contains(document.activeElement);
      field.remove();
      if (focused) {
        sheet.stage.focus({ preventScroll: true });
      }
      resolve(value !== null && value.trim() && value !== text ? value.trim() : null);
    };
    field.onkeydown = event => {
      const enter = event.key === 'Enter' && (!options.lines || event.ctrlKey || event.metaKey);
      if (enter || event.key === 'Escape') {
        event.preventDefault();
        end(enter ? field.value : null);
      }
      event.stopPropagation();
    };
    field.addEventListener('blur', () => end(field.value));
    sheet.stage.append(field);
    field.focus({ preventScroll: true });
    field.select();
  });
}

/** Rename a node or group where it is, or write a comment anew. */
export async function rename(sheet: Sheet, node: NodeElement): Promise<void> {
  const { id, kind, label } = node.data;
  sheet.reveal(id);
  const comment = kind === 'comment';
  const text = await write(sheet, label, sheet.boxOf(id), {
    label: comment ? 'Text of the comment' : `New name of ${label}`,
    lines: comment
  });
  if (text === null) {
    return;
  }
  const box = sheet.boxOf(id);
  const at: Point = [(box.left + box.right) / 2, box.bottom];
  const delta = await sheet.edit([comment ? { op: 'comment', id, text } : { op: 'rename', id, to: text }], { at });
  if (delta && !comment) {
    const now = delta.add.find(element => element.group === 'nodes' && element.data.label === text)?.data.id;
    sheet.select([now ?? id]);
    sheet.notices.say(`${label} is now called ${text}`);
  }
}

/** A new comment at a point of the stage. */
export async function comment(sheet: Sheet, at: Point): Promise<void> {
  const [left, top] = at;
  const box = { left, right: left + 210, top, bottom: top + 60 };
  const text = await write(sheet, '', box, { label: 'Text of the comment (Ctrl+Enter when done)', lines: true });
  if (text !== null) {
    const [x, y] = sheet.toSheet(at);
    await sheet.edit([{ op: 'comment', text, position: [x + 105, y + 30] }], { at, select: true });
  }
}
