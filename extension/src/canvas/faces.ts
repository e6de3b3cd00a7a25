// What is on a node's box besides its name: an SVG picture as a data URI, the same one for nodes that look the same.
// Texts from the workflow are escaped, and a picture runs no script.
import type { Palette } from './palette';
import { lookOf } from './states';

export const BOX = { width: 184, height: 52, icon: 26, left: 12 } as const;

export interface Face {
  icon: string;
  component: string;
  /** Empty without a run. */
  state: string;
  note: string;
  faulty: boolean;
  opaque: boolean;
  /** Nodes in a collapsed group, else 0. */
  members: number;
}

const ICONS: Record<string, [sign: string, light: string, dark: string]> = {
  python: ['Py', '#3572a5', '#7fb2e0'],
  javascript: ['JS', '#8a6d00', '#f1d04b'],
  typescript: ['TS', '#2f6fbd', '#7db0f0'],
  bash: ['$_', '#3f7d20', '#9bd67a'],
  cpp: ['C++', '#a8326e', '#f08cba'],
  rust: ['Rs', '#a2552f', '#e8a384'],
  java: ['Jv', '#9c5a14', '#e6a860'],
  r: ['R', '#2266b8', '#86b7ee'],
  sql: ['SQL', '#7a4fb5', '#c0a0ee'],
  notebook: ['Nb', '#c8571b', '#f6a06a'],
  http: ['www', '#007a87', '#5cc9d4'],
  files: ['{ }', '#5d6b2f', '#c0d07a'],
  file: ['{ }', '#5d6b2f', '#c0d07a'],
  stream: ['≋', '#00717a', '#66ccd5'],
  workflow: ['⧉', '#5560c4', '#a7aef5'],
  llm: ['AI', '#8338b0', '#d3a0f2'],
  rag: ['AI', '#8338b0', '#d3a0f2'],
  agents: ['AI', '#8338b0', '#d3a0f2'],
  function: ['ƒ', '#0b7285', '#66d9e8'],
  input: ['in', '#69707a', '#b8bfc9'],
  output: ['out', '#69707a', '#b8bfc9'],
  control: ['⑂', '#69707a', '#b8bfc9'],
  group: ['⊞', '#69707a', '#b8bfc9'],
  opaque: ['?', '#69707a', '#b8bfc9']
};

/** Letters and colour that stand for an icon's name. */
export function signOf(icon: string, dark: boolean): [sign: string, color: string] {
  const known = ICONS[icon.toLowerCase()];
  return known ? [known[0], known[dark ? 2 : 1]] : [icon.slice(0, 2) || '•', dark ? '#b8bfc9' : '#69707a'];
}

const drawn = new WeakMap<Palette, Map<string, string>>();

/** The picture of a box as a data URI. */
export function faceOf(face: Face, palette: Palette): string {
  const { icon, component, state, note, faulty, opaque, members } = face;
  const key = [icon, component, state, note, faulty, opaque, members].join('\n');
  let faces = drawn.get(palette);
  if (!faces || faces.size > 4000) {
    faces = new Map(); // also when there are texts of nodes that are long gone
    drawn.set(palette, faces);
  }
  let uri = faces.get(key);
  if (uri === undefined) {
    uri = `data:image/svg+xml;utf8,${encodeURIComponent(svg(face, palette))}`;
    faces.set(key, uri);
  }
  return uri;
}

function svg(face: Face, palette: Palette): string {
  const { width, height } = BOX;
  const second = clip(face.note || face.component || (face.members ? `${face.members} nodes` : ''), 24);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="${escaped(palette.font)}">`,
    face.icon ? signed(face.icon, palette) : '',
    second ? `<text x="46" y="36" font-size="10.5" fill="${palette.faint}">${escaped(second)}</text>` : '',
    face.state ? stateMark(face.state, palette) : '',
    face.faulty ? faultMark(palette, face.state ? width - 34 : width - 16) : '',
    face.opaque && !face.state && !face.faulty ? lock(palette) : '',
    '</svg>'
  ].join('');
}

function signed(name: string, palette: Palette): string {
  const [sign, color] = signOf(name, palette.dark);
  const { height, icon, left } = BOX;
  const size = sign.length > 2 ? 9 : 12;
  return (
    `<rect x="${left}" y="${(height - icon) / 2}" width="${icon}" height="${icon}" rx="6" fill="${color}" fill-opacity="0.16"/>` +
    `<text x="${left + icon / 2}" y="${height / 2 + size * 0.36}" font-size="${size}" font-weight="700"` +
    ` text-anchor="middle" fill="${color}">${escaped(sign)}</text>`
  );
}

function stateMark(state: string, palette: Palette): string {
  const look = lookOf(state);
  const shape = look.shape.replaceAll('BACK', palette.box);
  return `<g transform="translate(${BOX.width - 24} 8)" color="${palette.hues[look.hue]}">${shape}</g>`;
}

function faultMark(palette: Palette, x: number): string {
  return (
    `<g transform="translate(${x - 8} 8)"><path d="M8 1l7.5 13.5H.5z" fill="${palette.fault}"/>` +
    `<path d="M8 5.6v4.2M8 12v.2" stroke="${palette.box}" stroke-width="1.8" stroke-linecap="round"/></g>`
  );
}

function lock(palette: Palette): string {
  const at = `translate(${BOX.width - 22} 8)`;
  return (
    `<g transform="${at}" fill="none" stroke="${palette.faint}" stroke-width="1.6">` +
    '<rect x="1" y="6" width="11" height="8" rx="1.5"/><path d="M3.5 6V4a3 3 0 0 1 6 0v2"/></g>'
  );
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function escaped(text: string): string {
  const allowed = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
  return allowed.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
