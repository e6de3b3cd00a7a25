// Pictures of the workflow as files.
import { make } from './dom';
import type { Sheet } from './sheet';
import { MANY } from './stylesheet';

/** Pixels that a browser draws at most in one picture, along one side. */
const LARGEST = 8000;
const LOADING_MS = 250;

export async function exportPng(sheet: Sheet): Promise<void> {
  sheet.drawing.detail(sheet.size < MANY);
  await new Promise(resolve => window.setTimeout(resolve, LOADING_MS)); // pictures in the boxes
  const blob = sheet.cy.png({
    output: 'blob',
    full: true,
    scale: 2,
    maxWidth: LARGEST,
    maxHeight: LARGEST,
    bg: sheet.drawing.palette.canvas
  }); // what `output` asks for
  save(blob, `${sheet.host.title || 'workflow'}.png`);
}

export async function exportSvg(sheet: Sheet): Promise<void> {
  const svg = await sheet.ask<string>('picture');
  if (svg === '') {
    sheet.notices.refuse('This workflow is too large, or too small, for an SVG picture. Export it as PNG.');
  } else if (svg !== null) {
    save(new Blob([svg], { type: 'image/svg+xml' }), `${sheet.host.title || 'workflow'}.svg`);
  }
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = make('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
