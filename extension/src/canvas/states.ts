// How the state of a node looks: a colour and a shape, so that nobody has to tell colours apart.

export type Hue = 'idle' | 'waiting' | 'active' | 'good' | 'bad' | 'passed' | 'doubt';

export interface StateLook {
  /** For people, and for the live region. */
  label: string;
  /** The same shape as text: toolbar, lists. */
  glyph: string;
  hue: Hue;
  /** Contents of a 16 × 16 SVG; `currentColor` is the state's colour, `BACK` the box's. */
  shape: string;
}

const stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
const disc = '<circle cx="8" cy="8" r="7" fill="currentColor"/>';
const mark = 'fill="none" stroke="BACK" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"';
const ring = `<circle cx="8" cy="8" r="6" ${stroke}/>`;

const LOOKS: Record<string, StateLook> = {
  pending: { label: 'waiting', glyph: '○', hue: 'waiting', shape: ring },
  dispatched: {
    label: 'queued',
    glyph: '◔',
    hue: 'waiting',
    shape: `${ring}<path d="M8 4.5V8l2.5 1.5" ${stroke}/>`
  },
  running: {
    label: 'running',
    glyph: '◐',
    hue: 'active',
    shape: `${ring}<path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor"/>`
  },
  completed: {
    label: 'completed',
    glyph: '✓',
    hue: 'good',
    shape: `${disc}<path d="M4.7 8.3l2.3 2.3 4.3-4.8" ${mark}/>`
  },
  cached: {
    label: 'completed, from the cache',
    glyph: '⟲',
    hue: 'good',
    shape: `${ring}<path d="M5 8.2l2.2 2.2 3.8-4.3" ${stroke}/>`
  },
  failed: {
    label: 'failed',
    glyph: '✕',
    hue: 'bad',
    shape: `<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" ${mark}/>`
  },
  skipped: {
    label: 'skipped',
    glyph: '⤳',
    hue: 'passed',
    shape: `<path d="M2 5l3 3-3 3M7 5l3 3-3 3M13 4v8" ${stroke}/>`
  },
  cancelled: {
    label: 'cancelled',
    glyph: '⊘',
    hue: 'passed',
    shape: `${ring}<path d="M4 12l8-8" ${stroke}/>`
  },
  uncertain: {
    label: 'uncertain, a person has to decide',
    glyph: '?',
    hue: 'doubt',
    shape: `<path d="M8 0l8 8-8 8-8-8z" fill="currentColor"/><path d="M5.9 6.2a2.1 2.1 0 1 1 3.1 1.9c-.7.4-1 .8-1 1.5M8 12.2v.1" ${mark}/>`
  },
  requested: { label: 'requested', glyph: '○', hue: 'waiting', shape: ring }
};

/** The look of a state; one that isn't known shows as waiting, under its own name. */
export function lookOf(state: string): StateLook {
  return LOOKS[state] ?? { ...LOOKS.pending, label: state };
}
