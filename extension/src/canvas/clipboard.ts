// Copy and paste through the system's clipboard; where the browser doesn't allow that, through the page.
import type { Point } from './scene';
import type { Sheet } from './sheet';

let kept = '';

/** Take what is selected to the clipboard. False if there was nothing. */
export async function copy(sheet: Sheet): Promise<boolean> {
  const ids = sheet.selectedNodes.map(node => node.data.id);
  if (ids.length === 0) {
    return false;
  }
  const text = await sheet.ask<string>('clip', { ids });
  if (text === null) {
    return false;
  }
  kept = text;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // not a secure page, or the person said no: `kept` has it
  }
  sheet.notices.say(ids.length === 1 ? `${ids[0]} copied` : `${ids.length} nodes copied`);
  return true;
}

/** What the clipboard holds, for menus and buttons; a key press brings the text itself. */
export async function clipboardText(): Promise<string> {
  try {
    return (await navigator.clipboard.readText()) || kept;
  } catch {
    return kept;
  }
}

/** Put copied nodes at a point of the stage. */
export async function paste(sheet: Sheet, text: string, at: Point): Promise<void> {
  const clipping = text || kept;
  if (!clipping) {
    sheet.notices.refuse('The clipboard is empty.', [], at);
    return;
  }
  const delta = await sheet.edit([{ op: 'paste', clipping, position: sheet.toSheet(at) }], { at, select: true });
  if (delta) {
    sheet.notices.say(`${delta.add.filter(element => element.group === 'nodes').length} nodes pasted`);
  }
}

/** Copies of what is selected, beside it; the clipboard stays as it is. */
export async function duplicate(sheet: Sheet): Promise<void> {
  const boxes = sheet.drawing.boxes(sheet.selectedNodes.map(node => node.data.id));
  if (boxes.length === 0) {
    return;
  }
  const clipping = await sheet.ask<string>('clip', { ids: boxes.map(box => box.id) });
  if (clipping !== null) {
    const mean = (axis: 'x' | 'y') => boxes.reduce((sum, box) => sum + box[axis], 0) / boxes.length;
    const position: Point = [Math.round(mean('x') + 40), Math.round(mean('y') + 40)];
    await sheet.edit([{ op: 'paste', clipping, position }], { select: true });
  }
}
