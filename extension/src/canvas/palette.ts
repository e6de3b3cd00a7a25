// Colours and fonts of the canvas, read from JupyterLab's CSS variables; the values given are for front ends without.
import type { Hue } from './states';

export interface Palette {
  dark: boolean;
  font: string;
  canvas: string;
  box: string;
  border: string;
  text: string;
  faint: string;
  line: string;
  accent: string;
  fault: string;
  note: string;
  noteText: string;
  group: string;
  hues: Record<Hue, string>;
}

/** Read the palette as `element` sees it. */
export function readPalette(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const read = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  const canvas = read('--jp-layout-color1', '#ffffff');
  const dark = brightness(canvas) < 0.5;
  const box = dark ? read('--jp-layout-color2', '#242424') : read('--jp-layout-color0', '#ffffff');
  return {
    dark,
    font: read('--jp-ui-font-family', 'system-ui, sans-serif'),
    canvas,
    box,
    border: read('--jp-border-color1', dark ? '#616161' : '#bdbdbd'),
    text: plain(read('--jp-ui-font-color1', dark ? '#ffffff' : '#212121'), canvas),
    faint: plain(read('--jp-ui-font-color2', dark ? '#bdbdbd' : '#616161'), canvas),
    line: dark ? '#8a8f98' : '#7d848e',
    accent: read('--jp-brand-color1', dark ? '#2196f3' : '#1976d2'),
    fault: dark ? '#ff8a65' : '#c8420a',
    note: dark ? '#4a4426' : '#fff5c4',
    noteText: dark ? '#f2e9c4' : '#4d4215',
    group: dark ? '#7f8ea3' : '#8fa0b8',
    hues: dark ? DARK : LIGHT
  };
}

// Told apart with all common kinds of colour blindness (after Okabe and Ito), readable on the theme's background.
const LIGHT: Record<Hue, string> = {
  idle: '#9aa0a6',
  waiting: '#7a8088',
  active: '#0072b2',
  good: '#00805e',
  bad: '#c8420a',
  passed: '#8a6d9c',
  doubt: '#a86a00'
};
const DARK: Record<Hue, string> = {
  idle: '#80868b',
  waiting: '#a3a9b1',
  active: '#56b4e9',
  good: '#2fc296',
  bad: '#ff7a45',
  passed: '#c6a3dd',
  doubt: '#f0b440'
};

/** Opaque form of a colour: cytoscape takes none with alpha. */
function plain(color: string, behind: string): string {
  const [r, g, b, a] = channels(color);
  const [br, bg, bb] = channels(behind);
  const mix = (top: number, bottom: number) => Math.round(top * a + bottom * (1 - a));
  return `rgb(${mix(r, br)}, ${mix(g, bg)}, ${mix(b, bb)})`;
}

function brightness(color: string): number {
  const [r, g, b] = channels(color);
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
}

/** Red, green, blue of 0–255 and alpha of 0–1; the browser knows every way to write a colour. */
function channels(color: string): [number, number, number, number] {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) {
    return [255, 255, 255, 1];
  }
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
  return a === 0 ? [0, 0, 0, 0] : [r, g, b, a / 255];
}
